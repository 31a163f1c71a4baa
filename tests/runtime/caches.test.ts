/** What a device and a program keep of earlier work is bounded, and what is in use is shared. */
import { beforeAll, describe, expect, test } from "vitest";
import { PlanningDevice } from "../../src/gpu/planning_device.ts";
import { constantValue, type Device, inputValue, ops, Program, program } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

/** Pipelines that a device keeps: `KEPT` of the cache. */
const KEPT = 64;

let real: Device;
beforeAll(async () => {
  real = await testDevice();
});

/** A device that compiles nothing, and counts what it would. */
function countingDevice() {
  const device = new PlanningDevice(real, Number.POSITIVE_INFINITY);
  let compiled = 0;
  const { createComputePipelineAsync } = device.gpu;
  device.gpu.createComputePipelineAsync = (descriptor) => {
    compiled++;
    return createComputePipelineAsync.call(device.gpu, descriptor);
  };
  const pipeline = (number: number) => device.pipelines.get(`shader ${number}`, `// ${number}`, "main", ["read_write"]);
  return { device, pipeline, compiled: () => compiled };
}

describe("pipelines", () => {
  test("are compiled once for as many sources as are kept", async () => {
    const { device, pipeline, compiled } = countingDevice();
    for (let round = 0; round < 3; round++) for (let number = 0; number < KEPT; number++) await pipeline(number);
    expect(compiled()).toBe(KEPT);
    expect(device.pipelines.size).toBe(KEPT);
  });

  test("are bounded: the one that was asked for longest ago goes first", async () => {
    const { device, pipeline, compiled } = countingDevice();
    for (let number = 0; number < KEPT; number++) await pipeline(number);
    await pipeline(0);
    for (let number = KEPT; number < 4 * KEPT; number++) {
      await pipeline(number);
      await pipeline(0);
    }
    expect(device.pipelines.size).toBe(KEPT);
    expect(compiled()).toBe(4 * KEPT);
  });

  test("that something uses are shared, however many came since", async () => {
    const { pipeline, compiled } = countingDevice();
    const { gpu } = await pipeline(0);
    for (let number = 1; number <= 2 * KEPT; number++) await pipeline(number);
    expect((await pipeline(0)).gpu).toBe(gpu);
    expect(compiled()).toBe(2 * KEPT + 1);
  });

  test("of 400 programs with a constant each, disposed, are bounded", async () => {
    const { device, compiled } = countingDevice();
    for (let number = 0; number < 400; number++) {
      const x = inputValue("x", [3]);
      const graph = { outputs: [ops.add(ops.tanh(x), constantValue({ shape: [], data: Float32Array.of(number) }))] };
      const one = await Program.compile(device, { ...graph, updates: [] }, { label: "constant", inputs: [x] });
      one.dispose();
    }
    expect(compiled()).toBe(400);
    expect(device.pipelines.size).toBeLessThanOrEqual(KEPT);
    expect(device.memory.buffers).toBe(0);
  });
});

test("a compiled function keeps its last programs, and those that run or were handed out", async () => {
  const { buffers } = real.memory;
  const double = program(real, (x) => ops.add(x, x));
  const handedOut = await double.compile([{ shape: [100] }]);
  const before = real.memory.buffers;
  await double(new Float32Array(1));
  const each = real.memory.buffers - before;
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, size) => double(new Float32Array(size + 1).fill(size))),
  );
  expect(results.map(({ data }) => data.at(-1))).toEqual(Array.from({ length: 40 }, (_, size) => 2 * size));
  for (let size = 1; size <= 20; size++) await double(new Float32Array(size));
  expect(real.memory.buffers).toBe(before + 15 * each);
  expect(handedOut.statistics.dispatches).toBe(1);
  double.dispose();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(real.memory.buffers).toBe(buffers);
});
