import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import type { Device } from "../../src/gpu/device.ts";
import { gatherCall } from "../../src/kernels/data/gather.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

describe("gather (exact: bits are copied)", () => {
  for (const width of [1, 4, 7, 32, 65]) {
    it(`takes rows of width ${width}, repeated and out of range`, async () => {
      const rows = 9;
      const random = new Random(width);
      const table = Float32Array.from({ length: rows * width }, () => random.normal());
      const ids = Int32Array.of(3, 3, 0, 8, -1, 9, 2 ** 31 - 1, -(2 ** 31), 3);
      const call = gatherCall(
        operand("input", 0, [rows, width]),
        operand("input", 1, [3, 3], "int32"),
        operand("output", 0, [3, 3, width]),
        { rows, width },
      );
      const [out] = await runKernel(device, call, [table, ids]);
      const wanted = [...ids].flatMap((id) =>
        id >= 0 && id < rows ? [...table.subarray(id * width, (id + 1) * width)] : new Array<number>(width).fill(0),
      );
      expect([...(out as Float32Array)]).toEqual(wanted);
    });
  }

  it("takes int32 tables, one row, and no ids", async () => {
    const table = Int32Array.of(-1, 0x7fc00001, 7, 2 ** 31 - 1);
    const call = (ids: number[]) =>
      gatherCall(
        operand("input", 0, [1, 4], "int32"),
        operand("input", 1, ids, "int32"),
        operand("output", 0, [...ids, 4], "int32"),
        { rows: 1, width: 4 },
      );
    const [out] = await runKernel(device, call([1]), [table, Int32Array.of(0)]);
    expect(out).toEqual(table);
    expect((await runKernel(device, call([0]), [table, new Int32Array()]))[0]).toHaveLength(0);
  });

  it("refuses a table of another size", () => {
    expect(() =>
      gatherCall(operand("input", 0, [3, 4]), operand("input", 1, [1], "int32"), operand("output", 0, [1, 5]), {
        rows: 3,
        width: 5,
      }),
    ).toThrow("gather: table is [3, 4]; expected 15 elements");
  });
});
