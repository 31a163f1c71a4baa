/**
 * Gradients along a real training run: every 40 steps those of the next batch, with the weights as they then are,
 * against the same graph in float64. On the embedded sentences, or, with SLUICE_GRADIENT_STEPS and SLUICE_IMDB, on as
 * many steps of the IMDB tutorial.
 */
import { afterAll, expect, test } from "vitest";
import { sentences } from "../../src/data/sentences.ts";
import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  adam,
  type Callback,
  dense,
  embedding,
  imdb,
  inputValue,
  interpret,
  lstm,
  type NdArray,
  ops,
  Program,
  type RaggedDataset,
  sequential,
  subset,
  toPadded,
  type Value,
  type Variable,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";
import { differentiate } from "../../src/transform/differentiate.ts";
import { testDevice } from "../support/device.ts";
import { tally } from "../support/tally.ts";

const EVERY = 40;
/** Of a gradient's norm: float32's rounding along 500 timesteps. Readings on the whole tutorial reached 8e-5. */
const MOST = 2e-4;
const LONG = Number(process.env.SLUICE_GRADIENT_STEPS ?? 0);
const archive = process.env.SLUICE_IMDB;
if (LONG > 0 && archive === undefined)
  console.warn("SKIPPED: gradients along the IMDB tutorial; set SLUICE_IMDB to the path of aclImdb_v1.tar.gz");

afterAll(async () => (await testDevice()).dispose());

// The whole tutorial takes half an hour.
const timeout = LONG > 0 ? 7_200_000 : 120_000;

test("gradients along a training run agree with float64", { timeout }, async () => {
  const { train, numWords, units, steps, batchSize } =
    LONG > 0 && archive !== undefined
      ? { ...(await imdb.load({ source: archive, numWords: 5000, maxLength: 500 })), ...tutorial() }
      : {
          ...(await sentences.load({ numWords: 1000, maxLength: 30 })),
          numWords: 1000,
          units: 12,
          steps: 80,
          batchSize: 32,
        };
  const readings = await readAlong(train, { numWords, units, steps, batchSize });
  for (const { step, errors } of readings) {
    const list = Object.entries(errors).map(([name, error]) => `${name} ${error.toExponential(1)}`);
    console.log(`step ${step}: ${list.join(", ")}`);
  }
  const all = readings.flatMap(({ errors }) => Object.values(errors));
  const lost = all.filter((error) => !(error <= MOST)).length;
  const note = `largest difference ${Math.max(...all).toExponential(1)} of the gradient's norm`;
  tally({ what: "gradients along a training run, against float64", tried: all.length, lost, note });
  expect(readings).toHaveLength(steps / EVERY);
  expect(lost, note).toBe(0);
});

const tutorial = () => ({ numWords: 5000, units: 100, steps: Math.ceil(LONG / EVERY) * EVERY, batchSize: 64 });

interface Run {
  readonly numWords: number;
  readonly units: number;
  readonly steps: number;
  readonly batchSize: number;
}

/** For each reading the difference of every weight's gradient, as a share of its norm. */
async function readAlong(train: RaggedDataset, { numWords, units, steps, batchSize }: Run) {
  const device = await testDevice();
  const { length } = train.x;
  using model = sequential(
    [embedding({ inputDim: numWords, outputDim: 32 }), lstm({ units }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [length], seed: 31 },
  );
  model.compile({ optimizer: adam(), loss: "binaryCrossentropy" });
  const weights = model.weightVariables;
  const x = inputValue("x", [batchSize, length], "int32");
  const y = inputValue("y", [batchSize, 1]);
  const loss = ops.mean(resolveLoss("binaryCrossentropy").perSample(y, model.graph.build([x]).outputs[0] as Value));
  const { gradients } = differentiate(
    loss,
    weights.map(({ value }) => value),
  );
  const graph = { outputs: gradients, updates: [] };
  const program = await Program.compile(device, graph, { label: "gradients", inputs: [x, y] });
  const readings: { step: number; errors: Record<string, number> }[] = [];
  const reader: Callback = {
    async onBatchEnd(_batch, _logs, training) {
      if (training.iteration % EVERY !== 0) return;
      const rows = Array.from({ length: batchSize }, (_, row) => (training.iteration * batchSize + row) % train.size);
      const batch = subset(train, rows);
      const inputs = new Map<Value, NdArray>([
        [x, toPadded(batch.x)],
        [y, batch.y],
      ]);
      const now = await training.weights();
      const variables = new Map<Variable, ReferenceArray>(
        weights.map((weight, index) => {
          const { shape, data } = now[index] as NdArray;
          return [weight, { shape, data: Float64Array.from(data) }];
        }),
      );
      const [came, wanted] = [await program.run(inputs), interpret(graph, { inputs, variables })];
      const errors = wanted.map(({ data }, index) => shareOfNorm(came[index] as NdArray, data));
      readings.push({
        step: training.iteration,
        errors: Object.fromEntries(weights.map(({ name }, index) => [name, errors[index] as number])),
      });
      if (training.iteration === steps) training.stop();
    },
  };
  try {
    await model.fit(train, { batchSize, epochs: Math.ceil((steps * batchSize) / train.size), callbacks: [reader] });
  } finally {
    program.dispose();
  }
  return readings;
}

function shareOfNorm({ data }: NdArray, wanted: ArrayLike<number>): number {
  let [error, norm] = [0, 0];
  for (let index = 0; index < wanted.length; index++) {
    const expected = wanted[index] as number;
    error += ((data[index] as number) - expected) ** 2;
    norm += expected ** 2;
  }
  return Math.sqrt(error / norm);
}
