/** Dawn's polls: eager for a millisecond, then with rests; and nothing else of `setImmediate` changes. */
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { constantValue, type Device } from "../../src/index.ts";
import { matmul } from "../../src/ops/matmul/matmul.ts";
import { type NodeTimers, restDawnPolls } from "../../src/platform/dawn_polls.ts";
import { Program } from "../../src/runtime/program.ts";
import { testDevice } from "../support/device.ts";

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
  restDawnPolls(timers);
  return { timers, immediate, later, clock };
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

let device: Device | undefined;
afterAll(() => device?.dispose());

test("Node's own setImmediate keeps its name and its promise, and the thread rests while the GPU works", async () => {
  device = await testDevice();
  expect(setImmediate.name).toBe("setImmediate");
  await expect(promisify(setImmediate)("value")).resolves.toBe("value");
  expect(() => setImmediate(undefined as never)).toThrow(/"callback" argument must be of type function/);
  const size = 768;
  const factor = constantValue({ shape: [size, size], data: new Float32Array(size * size).fill(1 / size) });
  let product = factor;
  for (let index = 0; index < 8; index++) product = matmul(product, factor);
  using program = await Program.compile(device, { outputs: [product], updates: [] }, { label: "products", inputs: [] });
  await program.run(new Map());
  const began = performance.eventLoopUtilization();
  const start = performance.now();
  await program.run(new Map());
  const { utilization } = performance.eventLoopUtilization(began);
  console.log(
    `${(performance.now() - start).toFixed(0)} ms, the thread busy ${(100 * utilization).toFixed(0)}% of them`,
  );
  expect(utilization).toBeLessThan(0.5);
});
