/** Dawn's polls, once reduced: immediate for a millisecond, then delayed. Nothing else about `setImmediate` changes. */
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { constantValue, requestDevice } from "../../src/index.ts";
import { reduceGpuPolling } from "../../src/node.ts";
import { matmul } from "../../src/ops/matmul/matmul.ts";
import { type NodeTimers, reducePolling } from "../../src/platform/gpu_polling.ts";
import { Program } from "../../src/runtime/run/program.ts";

type Callback = (...args: unknown[]) => void;

/** Timers that note what they are given. */
function fakeTimers() {
  const immediate: Callback[] = [];
  const later: Callback[] = [];
  const clock = { now: 0 };
  const timers: NodeTimers = {
    setImmediate: Object.assign(
      (callback: Callback, ...args: unknown[]) => {
        immediate.push(() => callback(...args));
        return { unref: "as before" };
      },
      { mark: 7 },
    ),
    setTimeout: (callback, milliseconds) => {
      expect(milliseconds).toBe(1);
      later.push(callback);
    },
    performance: { now: () => clock.now },
  };
  const original = timers.setImmediate;
  const restore = reducePolling(timers);
  return { timers, immediate, later, clock, original, restore };
}

/** A native function without a name that calls one of ours, as Dawn's does. */
function nativePoll(run: () => void): Callback {
  const poll = new Proxy(() => undefined, { apply: run }) as Callback;
  expect(Function.prototype.toString.call(poll)).toBe("function () { [native code] }");
  return poll;
}

test("a wait is polled at once for a millisecond, then once in each, and each wait begins anew", () => {
  const { timers, immediate, later, clock } = fakeTimers();
  let left = 5;
  const poll = nativePoll(() => {
    clock.now += 0.4;
    if (--left > 0) timers.setImmediate(poll);
  });
  timers.setImmediate(poll);
  let turns = 0;
  for (; immediate.length > 0; turns++) immediate.shift()?.();
  expect(turns).toBe(3);
  expect(later).toHaveLength(1);
  later.shift()?.();
  expect(immediate).toHaveLength(0);
  later.shift()?.();
  expect([left, later.length]).toEqual([0, 0]);
  left = 1;
  timers.setImmediate(poll);
  expect(immediate).toHaveLength(1);
});

test("a poll that throws ends its wait", () => {
  const { timers, immediate, clock } = fakeTimers();
  const poll = nativePoll(() => {
    throw new Error("of Dawn's");
  });
  timers.setImmediate(poll);
  expect(immediate.shift()).toThrow("of Dawn's");
  clock.now = 10;
  timers.setImmediate(poll);
  expect(immediate).toHaveLength(1);
});

test("what others give to setImmediate goes through with its arguments, whatever the time", () => {
  const { timers, immediate, later, clock } = fakeTimers();
  const seen: unknown[] = [];
  clock.now = 1000;
  expect(timers.setImmediate((...args) => seen.push(args), 1, "two")).toEqual({ unref: "as before" });
  timers.setImmediate((() => seen.push("bound")).bind(undefined) as Callback);
  for (const callback of immediate) callback();
  expect(seen).toEqual([[1, "two"], "bound"]);
  expect(later).toHaveLength(0);
  expect(timers.setImmediate).toHaveProperty("mark", 7);
});

test("undone, Dawn's polls are immediate again, also below a wrapper that came later", () => {
  const plain = fakeTimers();
  expect(plain.timers.setImmediate).not.toBe(plain.original);
  plain.restore();
  expect(plain.timers.setImmediate).toBe(plain.original);

  const { timers, immediate, later, clock, restore } = fakeTimers();
  const reduced = timers.setImmediate;
  const wrapper: NodeTimers["setImmediate"] = (callback, ...args) => reduced(callback, ...args);
  timers.setImmediate = wrapper;
  restore();
  expect(timers.setImmediate).toBe(wrapper);
  const poll = nativePoll(() => {
    clock.now += 10;
    timers.setImmediate(poll);
  });
  timers.setImmediate(poll);
  immediate.shift()?.();
  expect([immediate.length, later.length]).toEqual([1, 0]);
});

const size = 768;

/** The share of its time for which this thread is busy while the GPU works. */
async function busyShare(work: () => Promise<unknown>): Promise<number> {
  const began = performance.eventLoopUtilization();
  await work();
  return performance.eventLoopUtilization(began).utilization;
}

test("importing sluice/node leaves setImmediate alone; reduceGpuPolling rests the thread until undone", async () => {
  const original = setImmediate;
  using device = await requestDevice();
  expect(setImmediate).toBe(original);
  const factor = constantValue({ shape: [size, size], data: new Float32Array(size * size).fill(1 / size) });
  let product = factor;
  for (let index = 0; index < 8; index++) product = matmul(product, factor);
  using program = await Program.compile(device, { outputs: [product], updates: [] }, { label: "products", inputs: [] });
  const work = () => program.run(new Map());
  await work();
  const before = await busyShare(work);
  const undos = [reduceGpuPolling(), reduceGpuPolling()];
  try {
    expect(setImmediate).not.toBe(original);
    expect(setImmediate.name).toBe("setImmediate");
    await expect(promisify(setImmediate)("value")).resolves.toBe("value");
    expect(() => setImmediate(undefined as never)).toThrow(/"callback" argument must be of type function/);
    // On a loaded machine a run may count time as busy in which the thread waited for a core.
    let reduced = 1;
    for (let run = 0; run < 5 && reduced >= 0.5; run++) reduced = Math.min(reduced, await busyShare(work));
    console.log(`busy ${(100 * before).toFixed(0)}% of the time, ${(100 * reduced).toFixed(0)}% with polling reduced`);
    expect(reduced).toBeLessThan(0.5);
    // Each undo counts once.
    undos[0]?.();
    undos[0]?.();
    expect(setImmediate).not.toBe(original);
  } finally {
    for (const undo of undos) undo();
  }
  expect(setImmediate).toBe(original);
});
