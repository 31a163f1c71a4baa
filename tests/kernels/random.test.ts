import { beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.ts";
import { randomUniformCall, randomUniformReference } from "../../src/kernels/data/random.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

describe("randomUniform (bit for bit)", () => {
  for (const [seed, stream, counter, size] of [
    [7, 0, 0, 1],
    [7, 1, 1, 7],
    [0xffffffff, 3, -1, 65],
    [0x80000000, 0xdeadbeef, 2 ** 31 - 1, 257],
  ] as const) {
    it(`is the CPU's: seed ${seed}, stream ${stream}, counter ${counter}, size ${size}`, async () => {
      const call = randomUniformCall(operand("input", 0, [], "int32"), operand("output", 0, [size]), { seed, stream });
      const [out] = await runKernel(device, call, [Int32Array.of(counter)]);
      expect(out).toEqual(randomUniformReference(seed, stream, counter, size));
    });
  }

  it("is uniform, and differs by seed, stream and counter", () => {
    const size = 20_000;
    const base = randomUniformReference(1, 2, 3, size);
    const mean = base.reduce((sum, value) => sum + value, 0) / size;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(base.every((value) => value >= 0 && value < 1)).toBe(true);
    for (const other of [
      [2, 2, 3],
      [1, 3, 3],
      [1, 2, 4],
    ] as const) {
      const equal = randomUniformReference(other[0], other[1], other[2], size).filter(
        (value, index) => value === base[index],
      );
      expect(equal.length).toBeLessThan(5);
    }
  });
});
