/**
 * Random graphs on the GPU against float64, values and gradients. SLUICE_SEED repeats a run, SLUICE_RUNS sets how many
 * graphs it has; fast-check prints the seed of a failure and the smallest graph that still fails.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { drawInputs, seedOf } from "../conformance/ops/op_case.ts";
import { type Choice, randomGraph } from "../conformance/ops/random_graph.ts";
import { compareOnGpu } from "../conformance/ops_on_gpu.ts";
import { testDevice } from "../support/device.ts";
import { checkGradients } from "../support/gradcheck.ts";
import { tally } from "../support/tally.ts";

const RUNS = Number(process.env.SLUICE_RUNS ?? 200);
const SEED = Number(process.env.SLUICE_SEED ?? 20240607);
const PER_PROGRAM = 5;

const choice: fc.Arbitrary<Choice> = fc.record({ op: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(9) });
const size = fc.constantFrom(1, 2, 3, 5, 7, 9);
const graph = fc.record({
  sizes: fc.tuple(size, size, size),
  choices: fc.array(choice, { minLength: 1, maxLength: 14 }),
});

test(`${RUNS} random graphs on the GPU, with gradients (seed ${SEED})`, { timeout: 7_200_000 }, async () => {
  const device = await testDevice();
  const bytes = device.memory.bytes;
  // A few graphs make one program, so that their pipelines compile together.
  const graphs = fc.array(graph, { minLength: PER_PROGRAM, maxLength: PER_PROGRAM });
  const property = fc.asyncProperty(graphs, (list) =>
    compareOnGpu(
      device,
      list.map(({ sizes, choices }, index) => randomGraph(`${index}`, sizes, choices)),
    ),
  );
  await fc.assert(property, { numRuns: Math.ceil(RUNS / PER_PROGRAM), seed: SEED, endOnFailure: false });
  expect(device.memory.bytes).toBe(bytes);
  tally({ what: "random graphs on the GPU, values and gradients", tried: RUNS, lost: 0, note: `seed ${SEED}` });
});

test(`${RUNS} random graphs' gradients against central differences (seed ${SEED})`, { timeout: 7_200_000 }, () => {
  const property = fc.property(graph, ({ sizes, choices }) => {
    const { name, inputs, build } = randomGraph("drawn", sizes, choices);
    const arrays = drawInputs(inputs, seedOf(name));
    const dtypes = inputs.map(({ dtype }) => dtype);
    // The step is small: relu and where have kinks, which it must not cross.
    checkGradients(name, build, arrays, {
      dtypes,
      maxElements: 3,
      step: 1e-6,
      tolerance: { absolute: 1e-6, relative: 1e-5 },
    });
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  tally({ what: "random graphs' gradients in float64", tried: RUNS, lost: 0, note: `seed ${SEED}` });
});
