import { beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.ts";
import { checkFiniteCall } from "../../src/kernels/reduce/check_finite.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

function callFor(tensors: readonly Float32Array[]) {
  const count = tensors.length;
  return checkFiniteCall(
    tensors.map(({ length }, index) => operand("input", index, [length])),
    operand("input", count, [1], "int32"),
    operand("input", count + 1, [], "int32"),
    operand("output", 0, [1], "int32"),
  );
}

const limited = (maxStorageBuffersPerShaderStage: number) =>
  testTraits("lavapipe", { limits: { ...testTraits().limits, maxStorageBuffersPerShaderStage } });

async function statusAfter(
  tensors: readonly Float32Array[],
  status: number,
  step: number,
  adapter = testTraits(),
): Promise<number | undefined> {
  const inputs = [...tensors, Int32Array.of(status), Int32Array.of(step)];
  const [out] = await runKernel(device, callFor(tensors), inputs, { adapter });
  return out?.[0];
}

describe("checkFinite (exact)", () => {
  const fine = Float32Array.of(0, -0, 3.4028234e38, -3.4028234e38, 1e-45);

  it("leaves the status alone when all is finite", async () => {
    expect(await statusAfter([fine], 0, 7)).toBe(0);
    expect(await statusAfter([fine], 3, 7)).toBe(3);
    expect(await statusAfter([], 2, 7)).toBe(2);
    expect(await statusAfter([new Float32Array()], 0, 7)).toBe(0);
  });

  it("keeps the first step that was not", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(await statusAfter([fine, Float32Array.of(bad)], 0, 7)).toBe(8);
      expect(await statusAfter([Float32Array.of(bad)], 0, 0)).toBe(1);
      expect(await statusAfter([Float32Array.of(bad)], 3, 7)).toBe(3);
    }
  });

  it("looks at every element of every tensor", async () => {
    for (let slot = 0; slot < 9; slot++) {
      const tensors = Array.from(
        { length: 9 },
        (_, index) => new Float32Array([1, 7, 65, 257, 5000][index % 5] as number),
      );
      const tensor = tensors[slot] as Float32Array;
      tensor[tensor.length - 1] = Number.NaN;
      expect(await statusAfter(tensors, 0, 4)).toBe(5);
    }
    const large = new Float32Array(1_500_001);
    large[1_500_000] = Number.NaN;
    expect(await statusAfter([large], 0, 4)).toBe(5);
  });

  it("takes as many tensors at a time as the adapter has storage buffers for", async () => {
    const buffers = device.gpu.limits.maxStorageBuffersPerShaderStage;
    const most = buffers - 2;
    for (let slot = 0; slot <= most; slot++) {
      const tensors = Array.from({ length: most + 1 }, (_, index) => new Float32Array(3 + 70 * (index % 2)));
      expect(await statusAfter(tensors, 0, 4, limited(buffers))).toBe(0);
      const tensor = tensors[slot] as Float32Array;
      tensor[tensor.length - 1] = Number.NaN;
      expect(await statusAfter(tensors, 0, 4, limited(buffers))).toBe(5);
    }
    const many = Array.from({ length: 15 }, () => new Float32Array(1));
    const dispatches = (limit: number) => callFor(many).plan(limited(limit)).dispatches.length;
    expect([dispatches(8), dispatches(10), dispatches(16), dispatches(17)]).toEqual([3, 2, 2, 1]);
  });
});
