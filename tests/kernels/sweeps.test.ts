/**
 * The kernels of the GRU, the LSTM with peepholes and the simple layer against float64 loops (whose own gradients
 * tests/ops checks by differences).
 */
import { describe, expect, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import { gruReference } from "../../src/ops/recurrent/gru.ts";
import { peepholeLstmReference } from "../../src/ops/recurrent/peephole_lstm.ts";
import { simpleRnnReference } from "../../src/ops/recurrent/simple_rnn.ts";
import { testDevice } from "../support/device.ts";
import { runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import {
  activationPairs,
  backwardCall,
  byId,
  type Cell,
  cutIntoChunks,
  forwardCall,
  type Gradients,
  type Run,
  randomRun,
  wantedForward,
} from "./sweep_cases.ts";

/** Float32 sums of up to 1024 products, over up to 33 steps whose errors feed back. */
const FORWARD = 2e-5;
const BACKWARD = 5e-5;
const USED = { hidden: true, saved: true };

/** Of the saved numbers of masked steps only the last part, h before the step or c, is defined. */
function blankMasked(run: Run, saved: ArrayLike<number>): Float64Array {
  const { family, sizes, reads } = run;
  const width = family.savedParts * sizes[2];
  return Float64Array.from(saved, (value, index) => {
    const isMasked = reads.mask?.data[Math.floor(index / width)] === 0;
    return isMasked && index % width < width - sizes[2] ? 0 : value;
  });
}

async function checkForward(run: Run, adapter = testTraits(), isUsed = USED, wanted = wantedForward(run)) {
  const { call, inputs } = forwardCall(run, isUsed);
  const came = await runKernel(await testDevice(), call, inputs, { adapter });
  const hasSaved = run.family.savedParts > 0;
  const expected = wanted.filter(
    (_, index) => (index > 0 || isUsed.hidden) && (!hasSaved || index !== 1 || isUsed.saved),
  );
  expect(came.length).toBe(expected.length);
  expected.forEach((values, index) => {
    const isSaved = hasSaved && values === wanted[1];
    const both = [came[index] as HostData, values].map((data) => (isSaved ? blankMasked(run, data) : data));
    expectClose(both[0] as HostData, both[1] as Float64Array, FORWARD, `write ${index}`);
  });
}

async function checkBackward(run: Run, adapter = testTraits(), gradients: Gradients = {}) {
  const { call, inputs, wanted } = backwardCall(run, gradients);
  const came = await runKernel(await testDevice(), call, inputs, { adapter });
  wanted.forEach((values, index) => {
    expectClose(came[index] as HostData, values, BACKWARD, `write ${index}`);
  });
}

async function checkBoth(run: Run, adapter = testTraits()) {
  await checkForward(run, adapter);
  await checkBackward(run, adapter);
}

// Each size, layout and set of options is a pipeline of its own, which lavapipe compiles for a second or more, twelve
// rows for five: tests share sizes where they can.
describe.each([
  ["GRU", gruReference],
  ["LSTM with peepholes", peepholeLstmReference],
  ["SimpleRNN", simpleRnnReference as Cell],
] as const)("sweeps of a %s", (_name, cell) => {
  const everything = { bias: cell.op.family.gates > 1, initial: true } as const;

  it.each([
    [1, 1, 1],
    [3, 2, 7],
    [17, 33, 65],
  ] as const)("agree with float64 loops at B %i, T %i, H %i", async (...sizes) => {
    if (sizes[0] === 3) await checkBoth(randomRun(cell, sizes));
    await checkBoth(randomRun(cell, sizes, { ...everything, mask: "holes" }));
  });

  it.each([
    [3, 5, 257],
    [2, 2, 1024],
  ] as const)("agree with float64 loops at B %i, T %i, H %i", async (...sizes) => {
    await checkBoth(randomRun(cell, sizes, everything));
    if (sizes[2] === 1024) await checkBoth(randomRun(cell, sizes), testTraits("gpu"));
  });

  it("lay more rows on more workgroups", async () => {
    const run = randomRun(cell, [70, 3, 7], everything);
    await checkBoth(run);
    await checkBoth(run, testTraits("gpu"));
    await checkForward(randomRun(cell, [10, 3, 7]), testTraits("swiftshader"));
  });

  it("share rows by a buffer where that compiles sooner", async () => {
    const limits = { ...testTraits().limits, maxStorageBuffersPerShaderStage: 10 };
    const adapter = testTraits("swiftshader", { limits });
    const { call } = forwardCall(randomRun(cell, [3, 2, 7]), USED);
    const shared = call.plan(adapter).dispatches.at(-1)?.buffers.at(-1)?.tensor;
    expect(shared).toEqual({ bytes: 2 * 4 * 8 * 4 }); // h twice, four rows, seven units filled up to eight
    // Two workgroups, the second of which is not full.
    await checkBoth(randomRun(cell, [13, 3, 7], everything), { ...adapter, multiplyAddsPerSecond: 1e5 });
  });

  it("do without subgroups", async () => {
    const adapter = testTraits("lavapipe", { subgroupSize: 0 });
    await checkBoth(randomRun(cell, [17, 3, 65], { ...everything, mask: "holes" }), adapter);
    await checkBoth(randomRun(cell, [5, 2, 7]), adapter);
  });

  it.each(["left", "right"] as const)("skip what a mask leaves out: %s", async (mask) => {
    await checkBoth(randomRun(cell, [45, 12, 65], { ...everything, mask }));
  });

  // What an activation and its slope compute is one function for all sweeps: the LSTM's tests try each of them. What
  // can go wrong here is which place takes which.
  it.each(activationPairs(["relu", "hard_sigmoid", "elu"]))(
    "apply the activations $activation and $recurrentActivation",
    async (activations) => {
      await checkBoth(randomRun(cell, [3, 4, 7], activations));
    },
  );

  it("stay finite for huge pre-activations", async () => {
    const run = randomRun(cell, [3, 4, 7]);
    const { x } = run.reads;
    const huge = { ...x, data: Float32Array.from(x.data, (value) => value * 1000) };
    await checkBoth({ ...run, reads: { ...run.reads, x: huge } });
  });

  it("gather rows of a table by id, and clamp ids", async () => {
    const { gathered, plain } = byId(randomRun(cell, [5, 6, 7], everything), 4);
    await checkForward(gathered, testTraits(), USED, wantedForward(plain));
  });

  it("write only what is used", async () => {
    const run = randomRun(cell, [5, 9, 10], { initial: true });
    for (const isUsed of [
      { hidden: false, saved: false },
      { hidden: true, saved: false },
      { hidden: false, saved: true },
    ]) {
      await checkForward(run, testTraits(), isUsed);
      await checkForward(run, testTraits("lavapipe", { dispatchSeconds: 1e-9 }), isUsed);
    }
  });

  it.each([[{ dLast: false }], [{ dHidden: false }]])("take only the gradients that are there: %o", async (given) => {
    await checkBackward(randomRun(cell, [5, 9, 10], { mask: "holes" }), testTraits(), given);
  });

  it("give the same bits when time is cut into chunks", async () => {
    const run = randomRun(cell, [6, 11, 7], { ...everything, mask: "holes" });
    const device = await testDevice();
    for (const { call, inputs } of [forwardCall(run, USED), backwardCall(run)]) {
      const whole = await runKernel(device, call, inputs, { adapter: testTraits() });
      for (const chunk of [1, 4]) {
        const adapter = cutIntoChunks(testTraits(), run, chunk);
        const extra = call.plan(adapter).dispatches.filter(({ isExtraChunk }) => isExtraChunk).length;
        expect(extra).toBe(Math.ceil(11 / chunk) - 1);
        expect(await runKernel(device, call, inputs, { adapter })).toEqual(whole);
      }
    }
  });

  it("name the limit when the units do not fit into workgroup memory", () => {
    const { call } = forwardCall(randomRun(cell, [1, 1, 1025]), USED);
    expect(() => call.plan(testTraits())).toThrow(/maxComputeWorkgroupStorageSize is 16384/);
  });
});
