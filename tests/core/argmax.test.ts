/** argmax and topK: axes, ties, NaN, dtypes, and what they refuse; against plain searches on random arrays. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { argmax, ShapeError, topK, ValueError } from "../../src/index.ts";

const MATRIX = [
  [1, 5, 5],
  [7, 0, 7],
];

test("argmax of all elements is a number, of an axis an Int32Array; of equal elements the first counts", () => {
  expect(argmax(MATRIX)).toBe(3);
  expect(argmax(MATRIX, {})).toBe(3);
  expect(argmax(MATRIX, { axis: null })).toBe(3);
  expect(argmax(MATRIX, { axis: -1 })).toEqual({ shape: [2], data: Int32Array.of(1, 0) });
  expect(argmax(MATRIX, { axis: 1 })).toEqual({ shape: [2], data: Int32Array.of(1, 0) });
  expect(argmax(MATRIX, { axis: 0 })).toEqual({ shape: [3], data: Int32Array.of(1, 0, 1) });
  expect(argmax([3, 9, 2], { axis: 0 })).toEqual({ shape: [], data: Int32Array.of(1) });
  expect(argmax([[-3, -1, -2]], { axis: -1 }).data).toEqual(Int32Array.of(1));
});

test("argmax goes along any axis of three", () => {
  const data = Float32Array.from({ length: 24 }, (_, index) => (index * 7) % 24);
  const at = (a: number, b: number, c: number) => data[(a * 3 + b) * 4 + c] as number;
  const shape = [2, 3, 4];
  const range = (size: number) => Array.from({ length: size }, (_, index) => index);
  const best = (size: number, value: (index: number) => number) =>
    range(size).reduce((so, index) => (value(index) > value(so) ? index : so), 0);
  expect(Array.from(argmax({ shape, data }, { axis: 0 }).data)).toEqual(
    range(3).flatMap((b) => range(4).map((c) => best(2, (a) => at(a, b, c)))),
  );
  expect(Array.from(argmax({ shape, data }, { axis: 1 }).data)).toEqual(
    range(2).flatMap((a) => range(4).map((c) => best(3, (b) => at(a, b, c)))),
  );
  expect(Array.from(argmax({ shape, data }, { axis: 2 }).data)).toEqual(
    range(2).flatMap((a) => range(3).map((b) => best(4, (c) => at(a, b, c)))),
  );
  expect(argmax({ shape, data }, { axis: 1 }).shape).toEqual([2, 4]);
});

test("topK gives values and places, the largest first; of equal elements the first", () => {
  expect(topK(MATRIX, 2)).toEqual({
    values: { shape: [2, 2], data: Float32Array.of(5, 5, 7, 7) },
    indices: { shape: [2, 2], data: Int32Array.of(1, 2, 0, 2) },
  });
  expect(topK([1, 3, 2], 3).indices).toEqual({ shape: [3], data: Int32Array.of(1, 2, 0) });
  const whole = topK({ shape: [1, 3], data: Int32Array.of(16777217, 16777216, 16777218) }, 2);
  expect(whole.values.data).toEqual(Int32Array.of(16777218, 16777217));
  expect(whole.indices.data).toEqual(Int32Array.of(2, 0));
});

test("NaN is larger than any number, as in NumPy", () => {
  expect(argmax([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN])).toBe(1);
  expect(topK([1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN], 4).indices.data).toEqual(
    Int32Array.of(1, 3, 2, 0),
  );
});

test("topK of random rows is a stable sort; its first index is argmax", () => {
  const rows = fc.array(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 5, maxLength: 5 }), { minLength: 1 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 5 }), (matrix, k) => {
      const { values, indices } = topK(matrix, k);
      const expected = matrix.map((row) =>
        row
          .map((value, index) => [value, index] as const)
          .sort(([a, i], [b, j]) => b - a || i - j)
          .slice(0, k),
      );
      expect(Array.from(values.data)).toEqual(expected.flat().map(([value]) => value));
      expect(Array.from(indices.data)).toEqual(expected.flat().map(([, index]) => index));
      const first = Array.from(indices.data).filter((_, place) => place % k === 0);
      expect(Array.from(argmax(matrix, { axis: -1 }).data)).toEqual(first);
    }),
  );
});

test.each([
  ["an axis that is not there", () => argmax(MATRIX, { axis: 2 }), ValueError, /axis is 2; expected one of the 2 axes/],
  ["an axis before the first", () => argmax(MATRIX, { axis: -3 }), ValueError, /axis is -3/],
  ["half an axis", () => argmax(MATRIX, { axis: 0.5 }), ValueError, /axis is 0.5; expected a whole number/],
  ["an unknown option", () => argmax(MATRIX, { dim: 1 } as never), ValueError, /unknown option "dim"/],
  ["no elements", () => argmax([]), ShapeError, /shape is \[0\]; expected at least one element/],
  ["text", () => argmax(["a"] as never), ValueError, /holds "a"; expected numbers/],
  ["k above the row", () => topK(MATRIX, 4), ValueError, /k is 4; expected at most 3/],
  ["k of 0", () => topK(MATRIX, 0), ValueError, /k is 0; expected a whole number of at least 1/],
  ["a number for topK", () => topK(3, 1), ShapeError, /a single number; expected at least one axis/],
] as const)("%s is refused", (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
