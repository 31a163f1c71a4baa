import { beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.ts";
import { rowBatchCall, sequenceBatchCall } from "../../src/kernels/data/batch.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const sequences = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9, 10, 11]];
const ids = Int32Array.from(sequences.flat());
const offsets = Int32Array.of(0, 3, 3, 4, 11);

async function sequenceBatch(
  permutation: number[],
  position: number,
  B: number,
  T: number,
  pre: boolean,
  padValue = 0,
) {
  const call = sequenceBatchCall(
    {
      ids: operand("input", 0, [ids.length], "int32"),
      offsets: operand("input", 1, [offsets.length], "int32"),
      permutation: operand("input", 2, [permutation.length], "int32"),
      position: operand("input", 3, [], "int32"),
    },
    operand("output", 0, [B, T], "int32"),
    { paddingPre: pre, padValue },
  );
  const [out] = await runKernel(device, call, [ids, offsets, Int32Array.from(permutation), Int32Array.of(position)]);
  return Array.from({ length: B }, (_, row) => [...(out as Int32Array).subarray(row * T, (row + 1) * T)]);
}

describe("sequenceBatch (exact)", () => {
  it("pads at the left", async () => {
    expect(await sequenceBatch([3, 0, 1, 2], 0, 4, 7, true)).toEqual([
      [5, 6, 7, 8, 9, 10, 11],
      [0, 0, 0, 0, 1, 2, 3],
      [0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 4],
    ]);
  });

  it("pads at the right, with another value, and cuts to the last T", async () => {
    expect(await sequenceBatch([0, 1, 3], 0, 3, 4, false, -7)).toEqual([
      [1, 2, 3, -7],
      [-7, -7, -7, -7],
      [8, 9, 10, 11],
    ]);
    expect(await sequenceBatch([0, 3], 0, 2, 1, true)).toEqual([[3], [11]]);
  });

  it("starts at a position, and repeats the last of the permutation past its end", async () => {
    expect(await sequenceBatch([3, 0, 2], 1, 4, 3, true)).toEqual([
      [1, 2, 3],
      [0, 0, 4],
      [0, 0, 4],
      [0, 0, 4],
    ]);
  });
});

describe("rowBatch (exact)", () => {
  for (const width of [1, 7, 65]) {
    it(`takes rows of width ${width}`, async () => {
      const table = Float32Array.from({ length: 5 * width }, (_, index) => index + 0.5);
      const permutation = Int32Array.of(4, 1, 0, 1);
      const call = rowBatchCall(
        {
          table: operand("input", 0, [5, width]),
          permutation: operand("input", 1, [4], "int32"),
          position: operand("input", 2, [], "int32"),
        },
        operand("output", 0, [3, width]),
        { width },
      );
      const [out] = await runKernel(device, call, [table, permutation, Int32Array.of(2)]);
      const wanted = [0, 1, 1].flatMap((row) => [...table.subarray(row * width, (row + 1) * width)]);
      expect([...(out as Float32Array)]).toEqual(wanted);
    });
  }

  it("refuses an empty set", () => {
    const make = () =>
      rowBatchCall(
        {
          table: operand("input", 0, [0, 3]),
          permutation: operand("input", 1, [0], "int32"),
          position: operand("input", 2, [], "int32"),
        },
        operand("output", 0, [1, 3]),
        { width: 3 },
      );
    expect(make).toThrow(/0 items and a permutation of 0/);
  });
});
