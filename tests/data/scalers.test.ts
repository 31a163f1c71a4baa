import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, ShapeError, ValueError } from "../../src/core/errors.ts";
import type { NdArray } from "../../src/core/nd_array.ts";
import type { Scaler } from "../../src/data/column_scaler.ts";
import { MinMaxScaler, minMaxScaler } from "../../src/data/min_max_scaler.ts";
import { StandardScaler, standardScaler } from "../../src/data/standard_scaler.ts";

/** A table [N, F] of float32 numbers of common size; some columns constant. */
const tables = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }))
  .chain(([rows, columns]) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      data: fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), {
        minLength: rows * columns,
        maxLength: rows * columns,
      }),
      constant: fc.nat({ max: columns }),
    }),
  )
  .map(({ rows, columns, data, constant }): NdArray => {
    const cells = Float32Array.from(data);
    for (let row = 0; row < rows && constant < columns; row++)
      cells[row * columns + constant] = cells[constant] as number;
    return { shape: [rows, columns], data: cells };
  });

const columnOf = ({ shape, data }: NdArray, column: number): number[] =>
  Array.from(data).filter((_, index) => index % (shape[1] as number) === column);

/** What comes back is off by float32's rounding of what was scaled, times the column's spread. */
function expectBack(scaler: Scaler, table: NdArray): void {
  const back = scaler.inverseTransform(scaler.transform(table));
  expect(back.shape).toEqual(table.shape);
  for (let column = 0; column < (table.shape[1] as number); column++) {
    const values = columnOf(table, column);
    const size = Math.max(...values.map(Math.abs), Math.max(...values) - Math.min(...values), 1);
    columnOf(back, column).forEach((value, row) => {
      expect(Math.abs(value - (values[row] as number))).toBeLessThanOrEqual(4e-7 * size);
    });
  }
}

describe("minMaxScaler", () => {
  test("scikit-learn's example", () => {
    const scaler = minMaxScaler();
    expect([
      ...scaler.fitTransform([
        [-1, 2],
        [-0.5, 6],
        [0, 10],
        [1, 18],
      ]).data,
    ]).toEqual([0, 0, 0.25, 0.25, 0.5, 0.5, 1, 1]);
    expect([...scaler.transform([[2, 2]]).data]).toEqual([1.5, 0]);
    expect(scaler).toMatchObject({ dataMin: [-1, 2], dataMax: [1, 18], columns: 2 });
  });

  test("any table lands in the range, its ends are met, and it comes back", () => {
    fc.assert(
      fc.property(tables, fc.constantFrom([0, 1] as const, [-1, 1] as const, [-5, 20] as const), (table, range) => {
        const scaler = minMaxScaler({ featureRange: range }).fit(table);
        const scaled = scaler.transform(table);
        for (let column = 0; column < (table.shape[1] as number); column++) {
          const values = columnOf(scaled, column);
          const isConstant = new Set(columnOf(table, column)).size === 1;
          const slack = 1e-6 * (range[1] - range[0]);
          expect(Math.abs(Math.min(...values) - range[0])).toBeLessThanOrEqual(slack);
          expect(Math.abs(Math.max(...values) - (isConstant ? range[0] : range[1]))).toBeLessThanOrEqual(slack);
        }
        expectBack(scaler, table);
      }),
    );
  });

  test("later values may leave the range; they come back too", () => {
    const scaler = minMaxScaler().fit([10, 20]);
    expect([...scaler.transform([5, 30]).data]).toEqual([-0.5, 2]);
    expect([...scaler.inverseTransform([-0.5, 2]).data]).toEqual([5, 30]);
  });

  test("a range that does not rise is refused", () => {
    expect(() => minMaxScaler({ featureRange: [1, 1] })).toThrow(/featureRange is \[1, 1\]; expected two numbers/);
    expect(() => minMaxScaler({ featureRange: [0, Number.NaN] })).toThrow(ValueError);
  });
});

describe("standardScaler", () => {
  test("scikit-learn's example", () => {
    const scaler = standardScaler();
    const table = [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ];
    expect([...scaler.fitTransform(table).data]).toEqual([-1, -1, -1, -1, 1, 1, 1, 1]);
    expect([...scaler.transform([[2, 2]]).data]).toEqual([3, 3]);
    expect(scaler).toMatchObject({ mean: [0.5, 0.5], std: [0.5, 0.5] });
  });

  test("any table gets mean 0 and deviation 1, constant columns 0, and it comes back", () => {
    fc.assert(
      fc.property(tables, (table) => {
        const scaler = standardScaler().fit(table);
        const scaled = scaler.transform(table);
        for (let column = 0; column < (table.shape[1] as number); column++) {
          const values = columnOf(scaled, column);
          const originals = columnOf(table, column);
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
          const isConstant = new Set(originals).size === 1;
          // Where a column hardly varies, float32 cannot hold how it does.
          expect(Math.abs(mean)).toBeLessThan(1e-4);
          expect(std).toBeCloseTo(isConstant ? 0 : 1, 4);
        }
        expectBack(scaler, table);
      }),
    );
  });

  test("without mean or deviation it leaves them", () => {
    expect([...standardScaler({ withMean: false }).fitTransform([2, 6]).data]).toEqual([1, 3]);
    expect([...standardScaler({ withStd: false }).fitTransform([2, 6]).data]).toEqual([-2, 2]);
  });
});

const KINDS = [
  ["minMaxScaler", () => minMaxScaler({ featureRange: [-1, 1] }), (json: unknown) => MinMaxScaler.fromJSON(json)],
  ["standardScaler", () => standardScaler(), (json: unknown) => StandardScaler.fromJSON(json)],
] as const;

describe.each(KINDS)("%s, as every scaler", (name, make, fromJSON) => {
  test("goes through JSON unchanged, fitted or not", () => {
    expect(fromJSON(JSON.parse(JSON.stringify(make()))).columns).toBeUndefined();
    fc.assert(
      fc.property(tables, (table) => {
        const scaler = make().fit(table);
        const again = fromJSON(JSON.parse(JSON.stringify(scaler)));
        expect(again.transform(table)).toEqual(scaler.transform(table));
        expect(again.inverseTransform(table)).toEqual(scaler.inverseTransform(table));
      }),
    );
  });

  test("damaged JSON is a FormatError", () => {
    const good = JSON.parse(JSON.stringify(make().fit([1, 2, 4]))) as Record<string, unknown>;
    for (const field of Object.keys(good)) {
      const numbers = Array.isArray(good[field]) ? [[], [1, "2"], [Number.NaN], [9, 8, 7], null] : [null, 3, "x"];
      for (const bad of numbers) expect(() => fromJSON({ ...good, [field]: bad }), field).toThrow(FormatError);
    }
    expect(() => fromJSON(undefined)).toThrow(FormatError);
  });

  test("columns are those of the last axis, whatever comes before", () => {
    const table = { shape: [2, 2, 2], data: Float32Array.of(0, 10, 1, 20, 2, 30, 4, 50) };
    const flat = { shape: [4, 2], data: table.data };
    expect(make().fitTransform(table).data).toEqual(make().fitTransform(flat).data);
    expect(
      make()
        .fit([1, 2, 3])
        .transform([[2], [3]]).shape,
    ).toEqual([2, 1]);
  });

  test("says what is wrong", () => {
    expect(() => make().transform([1])).toThrow(
      `${name}.transform: the scaler is not fitted; call fit(training) first`,
    );
    expect(() => make().fit(3)).toThrow(ShapeError);
    expect(() => make().fit([])).toThrow(/there are no values/);
    expect(() => make().fit({ shape: [0, 3], data: [] })).toThrow(ShapeError);
    expect(() =>
      make().fit([
        [1, 2],
        [3, Number.POSITIVE_INFINITY],
      ]),
    ).toThrow(`${name}.fit: row 1, column 1 is Infinity; expected finite numbers, or NaN`);
    expect(() => make().fit([[1, Number.NaN]])).toThrow(`${name}.fit: column 1 holds only NaN`);
    expect(() =>
      make()
        .fit([[1, 2]])
        .inverseTransform([[1], [2]]),
    ).toThrow(/is \[2, 1\], 1 column.*expected 2, as in fit/);
  });
});

test.each([minMaxScaler(), standardScaler()])("scaler %#: missing values do not count, and stay missing", (scaler) => {
  const rows = [
    [1, 10],
    [Number.NaN, 20],
    [3, Number.NaN],
  ];
  scaler.fit(rows);
  const { data } = scaler.transform(rows);
  const whole = scaler.transform([
    [1, 10],
    [3, 20],
  ]).data;
  expect([...data]).toEqual([whole[0], whole[1], Number.NaN, whole[3], whole[2], Number.NaN]);
  expect([...scaler.inverseTransform({ shape: [3, 2], data }).data]).toEqual(rows.flat());
});

test.each([minMaxScaler(), standardScaler()])("scaler %#: inverseTransform takes values of one column", (scaler) => {
  const rows = [
    [1, 10, 5],
    [2, 30, 7],
    [4, 80, 9],
  ];
  const { data } = scaler.fit(rows).transform(rows);
  const second = { shape: [1, 3, 1], data: data.filter((_, index) => index % 3 === 1) };
  const back = scaler.inverseTransform(second, { column: 1 });
  expect(back.shape).toEqual([1, 3, 1]);
  for (const [row, value] of back.data.entries()) expect(value).toBeCloseTo(rows[row]?.[1] ?? 0, 4);
  expect(() => scaler.inverseTransform(second, { column: 3 })).toThrow(
    "inverseTransform: column is 3; the scaler was fitted on 3 column(s)",
  );
  expect(() => scaler.inverseTransform(second, { column: -1 })).toThrow(ValueError);
  expect(() => scaler.inverseTransform(second, { columns: 1 } as never)).toThrow(
    'unknown option "columns"; did you mean column?',
  );
});

test("a constant that float64 cannot hold exactly is still constant", () => {
  const scaler = standardScaler().fit(new Array(1000).fill(0.1) as number[]);
  expect(scaler.std).toEqual([0]);
  expect(scaler.transform([0.1]).data[0]).toBe(0);
});
