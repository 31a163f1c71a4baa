import { describe, expect, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import type { AdapterTraits } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import { KERNEL_ACTIVATIONS, type KernelActivation } from "../../src/kernels/elementwise/activations.ts";
import { LSTM_CELL } from "../../src/kernels/recurrent/cells.ts";
import { sweepBackwardCall } from "../../src/kernels/recurrent/sweep.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import {
  type LstmCase,
  lstmBackward,
  lstmForward,
  normals,
  randomCase,
  scheduleOf,
  testMask,
} from "./lstm_reference.ts";

/** Float32 sums of up to 2048 products, over up to 33 steps whose errors feed back. */
const TOLERANCE = 5e-5;

interface Gradients {
  readonly dHidden?: Float32Array | undefined;
  readonly dLast?: Float32Array | undefined;
}

function gradients({ batch, steps, hidden }: LstmCase): { dHidden: Float32Array; dLast: Float32Array } {
  const random = new Random(batch + steps + hidden);
  return { dHidden: normals(random, batch * steps * hidden), dLast: normals(random, 2 * batch * hidden) };
}

async function backward(
  run: LstmCase<Float32Array>,
  { dHidden, dLast }: Gradients,
  adapter: AdapterTraits = testTraits(),
) {
  const { batch, steps, hidden } = run;
  const call = sweepBackwardCall(
    LSTM_CELL,
    {
      saved: operand("input", 0, [batch, steps, 5 * hidden]),
      recurrent: operand("input", 1, [hidden, 4 * hidden]),
      dHidden: dHidden && operand("input", 2, [batch, steps, hidden]),
      dLast: dLast && operand("input", 3, [2, batch, hidden]),
      mask: run.mask && operand("input", 4, [3 * batch + batch * steps], "int32"),
      initial: run.initial && operand("input", 5, [2, batch, hidden]),
    },
    { dX: operand("output", 0, [batch, steps, 4 * hidden]), dInitial: operand("output", 1, [2, batch, hidden]) },
    run,
  );
  const saved = Float32Array.from(lstmForward(run).saved);
  const schedule = run.mask && scheduleOf(run.mask, batch, steps);
  const inputs = [saved, run.recurrent, dHidden, dLast, schedule, run.initial].filter((data) => data !== undefined);
  return { outputs: await runKernel(await testDevice(), call, inputs, { adapter }), plan: call.plan(adapter) };
}

async function check(
  run: LstmCase<Float32Array>,
  given: Gradients = gradients(run),
  adapter?: AdapterTraits,
): Promise<void> {
  const [dX, dInitial] = (await backward(run, given, adapter)).outputs as [HostData, HostData];
  const wanted = lstmBackward(run, given.dHidden, given.dLast);
  expectClose(dX, wanted.dX, TOLERANCE, "dX");
  expectClose(dInitial, wanted.dInitial, TOLERANCE, "dInitial");
}

describe("the LSTM's sweepBackwardCall", () => {
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
    await check(randomCase([5, 3, 512]), undefined, testTraits("gpu"));
  });

  it("does without subgroups", async () => {
    for (const sizes of [
      [5, 2, 7],
      [17, 3, 65],
    ] as const) {
      const [batch, steps] = sizes;
      const run = randomCase(sizes, { initial: true, mask: testMask("holes", batch, steps) });
      await check(run, undefined, testTraits("lavapipe", { subgroupSize: 0 }));
    }
  });

  it("lays more rows on more workgroups", async () => {
    const run = randomCase([70, 3, 7], { initial: true });
    for (const kind of ["lavapipe", "gpu"] as const) await check(run, undefined, testTraits(kind));
    await check(randomCase([10, 3, 7]), undefined, testTraits("swiftshader"));
  });

  it.each(["left", "right", "holes"] as const)("passes gradients through a mask: %s", async (kind) => {
    for (const initial of [false, true]) {
      await check(randomCase([5, 12, 9], { initial, mask: testMask(kind, 5, 12) }));
    }
  });

  it.each(KERNEL_ACTIVATIONS)("takes the slope of %s from its output", async (name) => {
    // Compiling takes a software adapter a second or more, so one pipeline tries two: each name comes up in both
    // places.
    const next = KERNEL_ACTIVATIONS[(KERNEL_ACTIVATIONS.indexOf(name) + 1) % KERNEL_ACTIVATIONS.length];
    await check(randomCase([3, 4, 6], { activation: name, recurrentActivation: next as KernelActivation }));
  });

  it("takes absent gradients as zeros", async () => {
    const run = randomCase([5, 6, 7], { initial: true });
    const { dHidden, dLast } = gradients(run);
    await check(run, { dHidden });
    await check(run, { dLast });
  });

  it("gives the same bits when time is cut into chunks", async () => {
    const run = randomCase([6, 11, 9], { initial: true, mask: testMask("holes", 6, 11) });
    const given = gradients(run);
    const whole = await backward(run, given);
    const secondsPerStep = (2 * 4 * 4 * 9 * 9) / 2e9;
    for (const chunk of [1, 4]) {
      const adapter = testTraits("lavapipe", { dispatchSeconds: secondsPerStep * (chunk + 0.5) });
      const cut = await backward(run, given, adapter);
      expect(cut.plan.dispatches.filter(({ isExtraChunk }) => isExtraChunk).length).toBeGreaterThan(1);
      expect(cut.outputs).toEqual(whole.outputs);
    }
  });
});

describe("the float64 backpropagation itself", () => {
  it.each(KERNEL_ACTIVATIONS)("agrees with central differences: %s", (name) => {
    const mask = testMask("holes", 3, 4);
    const activations = { activation: name, recurrentActivation: name === "relu" ? "sigmoid" : name } as const;
    const run = randomCase([3, 4, 3], { initial: true, mask, ...activations });
    const { dHidden, dLast } = gradients(run);
    const loss = (changed: LstmCase): number => {
      const { hidden, last } = lstmForward(changed);
      const dot = (a: Float64Array, b: Float32Array) =>
        a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
      return dot(hidden, dHidden) + dot(last, dLast);
    };
    const difference = (key: "x" | "initial", index: number): number => {
      const [up, down] = [1, -1].map((sign) => {
        const data = Float64Array.from(run[key] as Float32Array);
        data[index] = (data[index] as number) + sign * 1e-6;
        return loss({ ...run, [key]: data });
      }) as [number, number];
      return (up - down) / 2e-6;
    };
    const wanted = lstmBackward(run, dHidden, dLast);
    expectClose(
      wanted.dX,
      wanted.dX.map((_, index) => difference("x", index)),
      1e-6,
      "dX",
    );
    expectClose(
      wanted.dInitial,
      wanted.dInitial.map((_, index) => difference("initial", index)),
      1e-6,
      "dInitial",
    );
  });
});
