import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import type { Device } from "../../src/gpu/device.ts";
import { softmaxCall } from "../../src/kernels/reduce/softmax.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

function reference(x: Float32Array, size: number, log: boolean): number[] {
  const out: number[] = [];
  for (let base = 0; base < x.length; base += size) {
    const row = [...x.subarray(base, base + size)];
    const largest = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    for (const value of row) out.push(log ? value - largest - Math.log(sum) : Math.exp(value - largest) / sum);
  }
  return out;
}

/** Absolute 2e-6 on probabilities; relative 2e-6 beside it on logarithms, which may be large. */
async function check(x: Float32Array, rows: number, size: number, variant: string): Promise<void> {
  for (const log of [false, true]) {
    const call = softmaxCall(operand("input", 0, [rows, size]), operand("output", 0, [rows, size]), {
      rows,
      size,
      log,
    });
    const [out] = await runKernel(device, call, [x], { variant });
    const worst = reference(x, size, log).reduce((most, wanted, index) => {
      const error = Math.abs((out?.[index] as number) - wanted) / (1 + Math.abs(wanted));
      return Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(most, error);
    }, 0);
    expect(worst, `${rows} x ${size}, log ${log}`).toBeLessThan(2e-6);
  }
}

describe.each(["serial", "lanes"])("softmax/%s", (variant) => {
  it("normalises rows at odd sizes", async () => {
    for (const [rows, size] of [
      [1, 1],
      [7, 2],
      [65, 7],
      [3, 65],
      [2, 257],
    ] as const) {
      const random = new Random(rows);
      await check(
        Float32Array.from({ length: rows * size }, () => random.normal() * 3),
        rows,
        size,
        variant,
      );
    }
  });

  it("stays finite at large logits", async () => {
    await check(Float32Array.of(1e4, -1e4, 0, 1e4, 1e4, 1e4, -1e4, -1e4, -1e4), 3, 3, variant);
    await check(new Float32Array(130), 2, 65, variant);
  });
});
