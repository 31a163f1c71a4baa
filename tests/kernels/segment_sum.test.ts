import { describe, expect, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import type { AdapterTraits } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import { segmentSumCall } from "../../src/kernels/data/segment_sum.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";
import { normals } from "./lstm_reference.ts";

async function check(ids: Int32Array, rows: number, columns: number, adapter?: AdapterTraits): Promise<HostData> {
  const size = ids.length;
  const updates = normals(new Random(size + columns), size * columns);
  const key = (id: number) => (id >= 0 && id < rows ? id : rows);
  const order = Int32Array.from(ids.keys()).sort((a, b) => key(ids[a] as number) - key(ids[b] as number) || a - b);
  const sorted = order.map((position) => ids[position] as number);
  const call = segmentSumCall(
    {
      updates: operand("input", 0, [size, columns]),
      sorted: operand("input", 1, [size], "int32"),
      order: operand("input", 2, [size], "int32"),
    },
    operand("output", 0, [rows, columns]),
  );
  const [out] = (await runKernel(await testDevice(), call, [updates, sorted, order], adapter && { adapter })) as [
    HostData,
  ];
  const wanted = new Float64Array(rows * columns);
  const largest = new Float64Array(rows * columns);
  ids.forEach((id, position) => {
    if (id < 0 || id >= rows) return;
    for (let column = 0; column < columns; column++) {
      const at = id * columns + column;
      const value = updates[position * columns + column] as number;
      wanted[at] = (wanted[at] as number) + value;
      largest[at] = (largest[at] as number) + Math.abs(value);
    }
  });
  // Float32 sums of random signs: relative to the sum of magnitudes.
  const tolerance = 1e-6 * Math.max(1, ...largest.map((value) => value / 8));
  expectClose(out, wanted, tolerance, "out");
  return out;
}

function uniform(size: number, bound: number): Int32Array {
  const random = new Random(size);
  return Int32Array.from({ length: size }, () => random.integer(bound));
}

describe("segmentSumCall", () => {
  it.each([
    [1, 1, 1],
    [7, 3, 7],
    [64, 4, 65],
    [65, 2, 3],
    [257, 100, 130],
    [1000, 3, 5],
    [200, 5000, 4],
  ])("sums %i rows into %i of %i columns", async (size, rows, columns) => {
    await check(uniform(size, rows), rows, columns);
  });

  it("sums one id that fills many blocks, alone and among others", async () => {
    await check(new Int32Array(1000), 3, 5);
    await check(
      Int32Array.from({ length: 1000 }, (_, index) => (index % 9 < 5 ? 0 : index % 40)),
      41,
      5,
    );
  });

  it("handles segments that start and end at block borders", async () => {
    for (const cut of [63, 64, 65, 128]) {
      await check(
        Int32Array.from({ length: 256 }, (_, index) => (index < cut ? 1 : 2)),
        4,
        3,
      );
    }
  });

  it("leaves out ids outside of the table", async () => {
    const ids = uniform(300, 20);
    ids.set([-1, -1, 21, 1000], 50);
    await check(ids, 12, 6);
  });

  it("gives the same bits in several dispatches", async () => {
    const ids = uniform(1000, 9);
    const whole = await check(ids, 9, 70);
    expect(await check(ids, 9, 70, testTraits("lavapipe", { dispatchSeconds: 3e-5 }))).toEqual(whole);
  });
});
