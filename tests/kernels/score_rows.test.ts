import { describe, expect, it } from "vitest";
import { Random } from "../../src/core/random.ts";
import { EXCLUDED_SCORE, scoreRowsCall } from "../../src/kernels/search/score_rows.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel, testTraits } from "../support/kernel.ts";
import { expectClose } from "./close.ts";

interface Shape {
  readonly rows: number;
  readonly size: number;
  readonly count: number;
}

/** A table of normal numbers, or of all the int8 there are, with some rows masked out. */
function problem({ rows, size, count }: Shape, isInt8: boolean) {
  const random = new Random(rows * size + count);
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  const bytes = Int8Array.from({ length: rows * size }, () => random.integer(256) - 128);
  const table = isInt8 ? new Int32Array(bytes.buffer) : draw(rows * size);
  const [terms, queries] = [draw(rows * 2), draw(count * size)];
  // The first word of 32 rows is left out whole.
  const mask = Int32Array.from({ length: rows / 32 }, (_, word) => (word === 0 ? 0 : random.next() | 0));
  const numbers: ArrayLike<number> = isInt8 ? bytes : (table as Float32Array);
  const wanted = Float64Array.from({ length: count * rows }, (_, index) => {
    const [query, row] = [Math.floor(index / rows), index % rows];
    if ((((mask[row >> 5] as number) >>> (row % 32)) & 1) === 0) return EXCLUDED_SCORE;
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (queries[query * size + i] as number) * (numbers[row * size + i] as number);
    return sum * (terms[row * 2] as number) + (terms[row * 2 + 1] as number);
  });
  return { inputs: [table, terms, mask, queries], wanted };
}

function callOf({ rows, size, count }: Shape, isInt8: boolean) {
  const table = isInt8 ? operand("input", 0, [rows, size / 4], "int32") : operand("input", 0, [rows, size]);
  return scoreRowsCall(
    {
      table,
      terms: operand("input", 1, [rows, 2]),
      mask: operand("input", 2, [rows / 32], "int32"),
      queries: operand("input", 3, [count, size]),
    },
    operand("output", 0, [count, rows]),
  );
}

const WAYS = {
  "lanes with subgroups": { adapter: testTraits("lavapipe"), variant: "lanes" },
  "lanes without subgroups": { adapter: testTraits("swiftshader"), variant: "lanes" },
  coalesced: { adapter: testTraits("gpu"), variant: "coalesced" },
  "coalesced, eight lanes to 32 rows": { adapter: testTraits("lavapipe"), variant: "coalesced" },
  "coalesced, four lanes to 32 rows": { adapter: testTraits("swiftshader"), variant: "coalesced" },
};

const SHAPES: readonly Shape[] = [
  { rows: 64, size: 4, count: 1 },
  { rows: 192, size: 388, count: 1 },
  { rows: 64, size: 20, count: 7 },
  { rows: 320, size: 12, count: 33 },
];

describe("scoreRowsCall", () => {
  for (const [name, way] of Object.entries(WAYS)) {
    for (const isInt8 of [false, true]) {
      it(`${name}, ${isInt8 ? "int8" : "float32"}: scores at odd sizes`, async () => {
        for (const shape of SHAPES) {
          const { inputs, wanted } = problem(shape, isInt8);
          const [scores] = await runKernel(await testDevice(), callOf(shape, isInt8), inputs, way);
          const what = `${shape.rows} rows of ${shape.size}, ${shape.count} queries`;
          // int8 numbers are a hundred times as large.
          expectClose(scores as Float32Array, wanted, isInt8 ? 2e-3 : 5e-5, what);
        }
      });
    }
  }

  it("cuts a long pass into chunks that end in the same scores", async () => {
    const shape = { rows: 1024, size: 64, count: 3 };
    const { inputs, wanted } = problem(shape, false);
    for (const kind of ["lavapipe", "gpu"] as const) {
      const adapter = testTraits(kind, { multiplyAddsPerSecond: 4e5 });
      const call = callOf(shape, false);
      expect(call.plan(adapter).dispatches.length).toBeGreaterThan(3);
      const [scores] = await runKernel(await testDevice(), call, inputs, { adapter });
      expectClose(scores as Float32Array, wanted, 1e-4, kind);
    }
  });

  it("refuses tables that are not padded", () => {
    expect(() => callOf({ rows: 96, size: 4, count: 1 }, false)).toThrow(/multiple of 64 rows/);
    expect(() => callOf({ rows: 64, size: 6, count: 1 }, false)).toThrow(/multiple of 4 numbers/);
  });
});
