import { describe, expect, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import type { AdapterTraits } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import { KERNEL_ACTIVATIONS, type KernelActivation } from "../../src/kernels/elementwise/activations.ts";
import { LSTM_CELL } from "../../src/kernels/recurrent/cells.ts";
import { sweepForwardCall } from "../../src/kernels/recurrent/sweep.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import { type LstmCase, lstmForward, randomCase, scheduleOf, testMask } from "./lstm_reference.ts";

/** Float32 sums of up to 512 products, over up to 33 steps whose errors feed back. */
const TOLERANCE = 2e-5;

interface Options {
  readonly adapter?: AdapterTraits;
  readonly ids?: Int32Array;
  readonly isUsed?: { hidden: boolean; saved: boolean };
}

const USED = { hidden: true, saved: true };

/** Runs the kernel on a case; with `ids`, `run.x` is taken as a table. */
async function forward(run: LstmCase<Float32Array>, { adapter = testTraits(), ids, isUsed = USED }: Options = {}) {
  const { batch, steps, hidden } = run;
  const rows = run.x.length / (4 * hidden);
  const call = sweepForwardCall(
    LSTM_CELL,
    {
      x: operand("input", 0, ids ? [rows, 4 * hidden] : [batch, steps, 4 * hidden]),
      ids: ids && operand("input", 1, [batch, steps], "int32"),
      recurrent: operand("input", 2, [hidden, 4 * hidden]),
      initial: run.initial && operand("input", 3, [2, batch, hidden]),
      mask: run.mask && operand("input", 4, [3 * batch + batch * steps], "int32"),
    },
    {
      hidden: operand("output", 0, [batch, steps, hidden]),
      saved: operand("output", 1, [batch, steps, 5 * hidden]),
      last: operand("output", 2, [2, batch, hidden]),
    },
    run,
    isUsed,
  );
  const schedule = run.mask && scheduleOf(run.mask, batch, steps);
  const inputs = [run.x, ids, run.recurrent, run.initial, schedule].filter((data) => data !== undefined);
  return { outputs: await runKernel(await testDevice(), call, inputs, { adapter }), plan: call.plan(adapter) };
}

async function check(run: LstmCase<Float32Array>, options: Options = {}, wanted = lstmForward(run)): Promise<void> {
  const [hidden, saved, last] = (await forward(run, options)).outputs as [HostData, HostData, HostData];
  const { mask } = run;
  if (mask) {
    // What the gates hold at a masked step is not defined; the cell is.
    for (let index = 0; index < saved.length; index++) {
      const row = Math.floor(index / (5 * run.hidden));
      if (mask[row] === 0 && index % (5 * run.hidden) < 4 * run.hidden) saved[index] = 0;
    }
  }
  expectClose(hidden, wanted.hidden, TOLERANCE, "hidden");
  expectClose(saved, wanted.saved, TOLERANCE, "saved");
  expectClose(last, wanted.last, TOLERANCE, "last");
}

describe("the LSTM's sweepForwardCall", () => {
  // Every size is a pipeline that a software adapter compiles for a second or more: each is tried once or twice.
  it.each([
    [1, 1, 1],
    [3, 33, 7],
    [17, 2, 65],
    [3, 5, 257],
  ] as const)("agrees with float64 loops at B %i, T %i, H %i", async (...sizes) => {
    await check(randomCase(sizes));
  });

  it.each([
    [3, 1, 1],
    [1, 2, 65],
    [17, 33, 7],
    [2, 2, 1024],
  ] as const)("starts from states and minds a mask at B %i, T %i, H %i", async (...sizes) => {
    const [batch, steps] = sizes;
    await check(randomCase(sizes, { initial: true, mask: testMask("holes", batch, steps) }));
  });

  it("takes a GPU's layout", async () => {
    await check(randomCase([5, 3, 512]), { adapter: testTraits("gpu") });
  });

  it("does without subgroups", async () => {
    for (const sizes of [
      [5, 2, 7],
      [17, 3, 65],
    ] as const) {
      const [batch, steps] = sizes;
      const adapter = testTraits("lavapipe", { subgroupSize: 0 });
      await check(randomCase(sizes, { initial: true, mask: testMask("holes", batch, steps) }), { adapter });
    }
  });

  it("lays more rows on more workgroups", async () => {
    const run = randomCase([70, 3, 7], { initial: true });
    await check(run);
    await check(run, { adapter: testTraits("gpu") });
    await check(randomCase([10, 3, 7]), { adapter: testTraits("swiftshader") });
  });

  it.each(["left", "right", "holes"] as const)("carries h and c over a mask: %s", async (kind) => {
    for (const initial of [false, true]) {
      await check(randomCase([5, 12, 9], { initial, mask: testMask(kind, 5, 12) }));
    }
  });

  it.each(KERNEL_ACTIVATIONS)("applies the activation %s", async (name) => {
    // Compiling takes a software adapter a second or more, so one pipeline tries two: each name comes up in both
    // places.
    const next = KERNEL_ACTIVATIONS[(KERNEL_ACTIVATIONS.indexOf(name) + 1) % KERNEL_ACTIVATIONS.length];
    await check(randomCase([3, 4, 6], { activation: name, recurrentActivation: next as KernelActivation }));
  });

  it("stays finite for huge pre-activations", async () => {
    const run = randomCase([3, 4, 6]);
    await check({ ...run, x: run.x.map((value) => value * 1000) });
  });

  it("gathers rows of a table by id, and clamps ids", async () => {
    const [batch, steps, hidden, rows] = [5, 6, 7, 4];
    const table = randomCase([rows, 1, hidden]).x;
    const random = new Random(3);
    const ids = Int32Array.from({ length: batch * steps }, () => random.integer(rows + 2) - 1);
    const run = randomCase([batch, steps, hidden]);
    ids.forEach((id, index) => {
      const row = Math.min(rows - 1, Math.max(0, id));
      run.x.set(table.subarray(row * 4 * hidden, (row + 1) * 4 * hidden), index * 4 * hidden);
    });
    await check({ ...run, x: table }, { ids }, lstmForward(run));
  });

  it.each([[{ hidden: false, saved: false }], [{ hidden: true, saved: false }], [{ hidden: false, saved: true }]])(
    "writes only what is used: %o",
    async (isUsed) => {
      const run = randomCase([5, 9, 10], { initial: true });
      const wanted = lstmForward(run);
      for (const adapter of [testTraits(), testTraits("lavapipe", { dispatchSeconds: 1e-9 })]) {
        const { outputs } = await forward(run, { isUsed, adapter });
        const expected = [
          ...(isUsed.hidden ? [wanted.hidden] : []),
          ...(isUsed.saved ? [wanted.saved] : []),
          wanted.last,
        ];
        expect(outputs.length).toBe(expected.length);
        expected.forEach((values, index) => {
          expectClose(outputs[index] as HostData, values, TOLERANCE, `write ${index}`);
        });
      }
    },
  );

  it("gives the same bits when time is cut into chunks", async () => {
    const run = randomCase([6, 11, 9], { initial: true, mask: testMask("holes", 6, 11) });
    const whole = await forward(run);
    const secondsPerStep = (2 * 4 * 4 * 9 * 9) / 2e9;
    for (const chunk of [1, 4]) {
      const adapter = testTraits("lavapipe", { dispatchSeconds: secondsPerStep * (chunk + 0.5) });
      const cut = await forward(run, { adapter });
      expect(cut.plan.dispatches.filter(({ isExtraChunk }) => isExtraChunk).length).toBeGreaterThan(1);
      expect(cut.outputs).toEqual(whole.outputs);
    }
  });

  it("names the limit when the units do not fit into workgroup memory", () => {
    const run = randomCase([1, 1, 1]);
    const size = 1025;
    const call = sweepForwardCall(
      LSTM_CELL,
      { x: operand("input", 0, [1, 1, 4 * size]), recurrent: operand("input", 1, [size, 4 * size]) },
      {
        hidden: operand("output", 0, [1, 1, size]),
        saved: operand("output", 1, [1, 1, 5 * size]),
        last: operand("output", 2, [2, 1, size]),
      },
      run,
      USED,
    );
    expect(() => call.plan(testTraits())).toThrow(/maxComputeWorkgroupStorageSize is 16384/);
  });
});
