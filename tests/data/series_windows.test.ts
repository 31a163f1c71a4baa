import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError, ValueError } from "../../src/core/errors.ts";
import { chronologicalSplit, windows } from "../../src/data/series_windows.ts";

test("windows of a plain series, and what comes next", () => {
  const { x, y, size } = windows([1, 2, 3, 4, 5], { length: 3 });
  expect(x).toEqual({ shape: [2, 3, 1], data: Float32Array.of(1, 2, 3, 2, 3, 4) });
  expect(y).toEqual({ shape: [2, 1], data: Float32Array.of(4, 5) });
  expect(size).toBe(2);
});

/** Cell (row, column) of the series is row · 10 + column, so that each number tells where it came from. */
const series = (rows: number, columns: number) => ({
  shape: [rows, columns],
  data: Float32Array.from(
    { length: rows * columns },
    (_, index) => Math.floor(index / columns) * 10 + (index % columns),
  ),
});

test("whatever the options, every window and target is where the documentation says, and none is missing", () => {
  const options = fc.record({
    length: fc.integer({ min: 1, max: 8 }),
    horizon: fc.integer({ min: 1, max: 4 }),
    gap: fc.nat({ max: 4 }),
    stride: fc.integer({ min: 1, max: 5 }),
    target: fc.nat({ max: 2 }),
    more: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(options, ({ more, ...given }) => {
      const { length, horizon, gap, stride, target } = given;
      const rows = length + gap + horizon + more;
      const { x, y, size } = windows(series(rows, 3), given);
      expect(x.shape).toEqual([size, length, 3]);
      expect(y.shape).toEqual([size, horizon]);
      for (let window = 0; window < size; window++) {
        for (let step = 0; step < length; step++) {
          for (let column = 0; column < 3; column++)
            expect(x.data[(window * length + step) * 3 + column]).toBe((window * stride + step) * 10 + column);
        }
        for (let step = 0; step < horizon; step++)
          expect(y.data[window * horizon + step]).toBe((window * stride + length + gap + step) * 10 + target);
      }
      // The next window would not fit any more.
      expect((size - 1) * stride + length + gap + horizon).toBeLessThanOrEqual(rows);
      expect(size * stride + length + gap + horizon).toBeGreaterThan(rows);
    }),
  );
});

test("a split by time: no training target is held out, and the first test target is the first held-out row", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 80 }),
      fc.double({ min: 0.2, max: 0.5, noNaN: true }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat({ max: 2 }),
      (rows, testFraction, length, gap) => {
        const all = series(rows, 2);
        const { train, test: held, start } = chronologicalSplit(all, { testFraction, context: length + gap });
        expect([...train.data, ...held.data.subarray(2 * (length + gap))]).toEqual([...all.data]);
        expect(start).toBe(rows - Math.round(rows * testFraction));
        const options = { length, gap };
        expect(windows(train, options).y.data.at(-1)).toBe((start - 1) * 10);
        const { y } = windows(held, options);
        expect([...y.data]).toEqual(Array.from({ length: rows - start }, (_, row) => (start + row) * 10));
      },
    ),
  );
});

test("a split keeps the rank of the series", () => {
  expect(chronologicalSplit([1, 2, 3, 4, 5])).toEqual({
    train: { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
    test: { shape: [1], data: Float32Array.of(5) },
    start: 4,
  });
});

test.each([
  [
    () => windows([1, 2, 3], { length: 3 }),
    ShapeError,
    "has 3 rows; a window of 3, a gap of 0 and a horizon of 1 need 4",
  ],
  [() => windows([1, 2, 3], { length: 0 }), ValueError, "length is 0; expected a whole number of at least 1"],
  [() => windows([1, 2, 3], { length: 1, stride: 1.5 }), ValueError, "stride is 1.5"],
  [() => windows([1, 2, 3], { length: 1, gap: -1 }), ValueError, "gap is -1; expected a whole number of at least 0"],
  [() => windows([1, 2, 3], { length: 1, target: 1 }), ValueError, "target is column 1; the series has 1 column"],
  [() => windows([1, Number.NaN, 3], { length: 1 }), ValueError, "expected finite numbers"],
  [() => windows([[[1]], [[2]]], { length: 1 }), ShapeError, "the series is [2, 1, 1]; expected [N], or [N, F]"],
  [() => windows(7, { length: 1 }), ShapeError, "the series is []"],
  [() => chronologicalSplit([1, 2, 3], { testFraction: 0 }), ValueError, "testFraction is 0; expected"],
  [() => chronologicalSplit([1, 2, 3], { testFraction: 0.9 }), ValueError, "at least one row on either side"],
  [() => chronologicalSplit([1, 2, 3], { context: 3 }), ValueError, "context is 3, but only 2 rows precede"],
] as const)("case %#: says what is wrong", (act, kind, message) => {
  expect(act).toThrow(kind);
  expect(act).toThrow(message);
});

test("several targets have an axis of their own, in the order asked for", () => {
  const rows = [0, 1, 2, 3, 4].map((row) => [row, 10 * row, 100 * row]);
  const { x, y } = windows(rows, { length: 2, horizon: 2, target: [2, 0] });
  expect(x.shape).toEqual([2, 2, 3]);
  expect(y).toEqual({ shape: [2, 2, 2], data: Float32Array.of(200, 2, 300, 3, 300, 3, 400, 4) });
  expect(windows(rows, { length: 4, target: [1] }).y).toEqual({ shape: [1, 1, 1], data: Float32Array.of(40) });
  expect(() => windows(rows, { length: 2, target: [] })).toThrow("target is an empty list; the series has 3 column(s)");
  expect(() => windows(rows, { length: 2, target: [0, 3] })).toThrow("target is column 3; the series has 3 column(s)");
});

describe("missing values", () => {
  const rows = [
    [1, 10],
    [2, Number.NaN],
    [Number.NaN, 30],
    [4, 40],
    [5, 50],
    [6, 60],
  ];

  test("are an error that names row and column, by default", () => {
    const act = () => windows(rows, { length: 2 });
    expect(act).toThrow(ValueError);
    expect(act).toThrow('row 1, column 1 is NaN; expected finite numbers: give missing: "skip" or "interpolate"');
  });

  test("skip leaves out the windows that hold one, in x or in y", () => {
    const { x, y } = windows(rows, { length: 2, missing: "skip" });
    expect(x).toEqual({ shape: [1, 2, 2], data: Float32Array.of(4, 40, 5, 50) });
    expect([...y.data]).toEqual([6]);
    // The second column's gap is in no target.
    expect(windows(rows, { length: 1, target: 0, missing: "skip" }).x.shape).toEqual([3, 1, 2]);
    expect(() => windows([1, Number.NaN, 3, Number.NaN], { length: 1, missing: "skip" })).toThrow(
      "every window has a missing value",
    );
  });

  test("interpolate draws a line over a gap, and repeats the value beside one at an end", () => {
    const gaps = [Number.NaN, 1, Number.NaN, Number.NaN, 4, Number.NaN];
    const { x, y } = windows(gaps, { length: 5, missing: "interpolate" });
    expect([...x.data, ...y.data]).toEqual([1, 1, 2, 3, 4, 4]);
    const { x: both } = windows(rows, { length: 5, missing: "interpolate" });
    expect([...both.data]).toEqual([1, 10, 2, 20, 3, 30, 4, 40, 5, 50]);
    expect(rows[1]?.[1]).toBeNaN();
    const empty = [
      [1, Number.NaN],
      [2, Number.NaN],
    ];
    expect(() => windows(empty, { length: 1, missing: "interpolate" })).toThrow("column 1 holds no number");
  });

  test("infinity is an error whatever is asked for", () => {
    for (const missing of ["error", "skip", "interpolate"] as const) {
      expect(() => windows([1, Number.POSITIVE_INFINITY, 3], { length: 1, missing })).toThrow(
        "row 1, column 0 is Infinity",
      );
    }
    expect(() => windows([1, 2], { length: 1, missing: "fill" as never })).toThrow("missing is");
  });
});
