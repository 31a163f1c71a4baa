/** Cuts a time series into training windows, and splits it chronologically. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type ArrayLike, type NdArray, toNdArray } from "../core/nd_array.ts";
import {
  count,
  either,
  fraction,
  listOf,
  oneOf,
  positive,
  readOptions,
  required,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { type DenseDataset, dataset } from "./dataset.ts";

/** How `windows` treats missing numbers (NaN). */
export type MissingValues = "error" | "skip" | "interpolate";

/** Options of `windows`. */
export interface WindowOptions {
  /** T: rows per window. */
  readonly length: number;
  /** Rows to forecast from each window, one after another; 1 by default. */
  readonly horizon?: number;
  /** Rows between a window's last row and the first one to forecast. Default: 0. */
  readonly gap?: number;
  /** Rows from one window's start to the next one's; 1 by default. */
  readonly stride?: number;
  /** The column to forecast, or a list of them; 0 by default. */
  readonly target?: number | readonly number[];
  /**
   * What to do with NaN: `error`, which names row and column, `skip` the windows that hold one, or `interpolate`
   * linearly between the values before and after it in its column; `error` by default.
   */
  readonly missing?: MissingValues;
}

const WINDOWS = {
  length: required(positive),
  horizon: withDefault(positive, 1),
  gap: withDefault(count, 0),
  stride: withDefault(positive, 1),
  target: withDefault(either(count, listOf(count)), 0),
  missing: withDefault(oneOf(["error", "skip", "interpolate"]), "error"),
} satisfies TableOf<WindowOptions>;

/**
 * Cuts a series `[N]` or `[N, F]` into windows and their targets: `x` is `[windows, T, F]`, `y` `[windows, horizon]`,
 * or `[windows, horizon, targets]` for a list of targets. Window `i` starts at row `i · stride`; its first target is
 * row `i · stride + length + gap`.
 * @throws ShapeError if the series is not `[N]` or `[N, F]`, or too short for one window.
 * @throws ValueError if an option is out of range, a number is infinite or (by default) missing, or every window has a
 * missing number.
 *
 * @example
 * windows([1, 2, 3, 4, 5], { length: 3 }); // x [[1, 2, 3], [2, 3, 4]], y [[4], [5]]
 * windows(rows, { length: 30, horizon: 7, target: [0, 2], missing: "interpolate" }); // y [windows, 7, 2]
 */
export function windows(series: ArrayLike, options: WindowOptions): DenseDataset {
  const { length, horizon, gap, stride, target, missing } = readOptions("windows(series)", WINDOWS, options);
  const { rows, columns, data: given } = readSeries(series, "windows");
  const targets = typeof target === "number" ? [target] : target;
  const unknown = targets.find((column) => column >= columns);
  if (targets.length === 0 || unknown !== undefined) {
    throw new ValueError(
      `windows: target is ${unknown === undefined ? "an empty list" : `column ${unknown}`}; the series has ` +
        `${columns} column(s), counted from 0`,
      { target, columns },
    );
  }
  const span = length + gap + horizon;
  if (rows < span) {
    throw new ShapeError(
      `windows: the series has ${rows} rows; a window of ${length}, a gap of ${gap} and a horizon of ${horizon} need ` +
        `${span}: give a longer series or shorter windows`,
      { rows, expected: span },
    );
  }
  expectNumbers(given, columns, missing !== "error");
  const data = missing === "interpolate" ? interpolated(given, columns) : given;
  const parts = Array.from({ length: Math.floor((rows - span) / stride) + 1 }, (_, window) => {
    const start = window * stride;
    const first = start + length + gap;
    return {
      x: data.subarray(start * columns, (start + length) * columns),
      y: Float32Array.from({ length: horizon * targets.length }, (_each, index) => {
        const row = first + Math.floor(index / targets.length);
        return data[row * columns + (targets[index % targets.length] ?? 0)] ?? Number.NaN;
      }),
    };
  });
  const whole = parts.filter(({ x, y }) => ![x, y].some((part) => part.some(Number.isNaN)));
  if (whole.length === 0) {
    throw new ValueError('windows: every window has a missing value (NaN); set missing: "interpolate"');
  }
  const joined = (name: "x" | "y", shape: readonly number[]): NdArray => {
    const all = new Float32Array(sizeOf([whole.length, ...shape]));
    for (const [window, part] of whole.entries()) all.set(part[name], window * part[name].length);
    return { shape: [whole.length, ...shape], data: all };
  };
  const ofTargets = typeof target === "number" ? [horizon] : [horizon, targets.length];
  return dataset(joined("x", [length, columns]), joined("y", ofTargets));
}

/** Options of `chronologicalSplit`. */
export interface ChronologicalSplitOptions {
  /** The fraction of rows to hold out at the end. Default: 0.2. */
  readonly testFraction?: number;
  /**
   * The rows before the test part that are included in it as inputs, not targets: a window's `length + gap`. 0 by
   * default.
   */
  readonly context?: number;
}

const SPLIT = {
  testFraction: withDefault(fraction, 0.2),
  context: withDefault(count, 0),
} satisfies TableOf<ChronologicalSplitOptions>;

/** Both parts of a series. */
export interface ChronologicalSplit {
  readonly train: NdArray;
  /** Its first `context` rows are the last of `train`. */
  readonly test: NdArray;
  /** The row of the series at which the held-out part starts. */
  readonly start: number;
}

/**
 * Splits a series `[N]` or `[N, F]` chronologically: the last rows are held out, so that the model does not see the
 * future.
 * @throws ShapeError if the series is neither `[N]` nor `[N, F]`.
 * @throws ValueError if a side would be empty, or the training part has fewer than `context` rows.
 *
 * @example
 * const { train, test } = chronologicalSplit(prices, { testFraction: 0.2, context: 60 });
 * const scaler = minMaxScaler().fit(train);
 * const toTrain = windows(scaler.transform(train), { length: 60 });
 * const toTest = windows(scaler.transform(test), { length: 60 }); // its first target is the first row held out
 */
export function chronologicalSplit(series: ArrayLike, options: ChronologicalSplitOptions = {}): ChronologicalSplit {
  const { testFraction, context } = readOptions("chronologicalSplit(series)", SPLIT, options);
  const { rows, columns, shape, data } = readSeries(series, "chronologicalSplit");
  const held = Math.round(rows * testFraction);
  if (held < 1 || held >= rows) {
    throw new ValueError(
      `chronologicalSplit: testFraction ${testFraction} of ${rows} rows is ${held}; expected at least one row on ` +
        "either side",
      { testFraction, rows },
    );
  }
  const start = rows - held;
  if (context > start) {
    throw new ValueError(
      `chronologicalSplit: context is ${context}, but only ${start} rows precede the held-out part; give a longer ` +
        "series or less context",
      { context, start },
    );
  }
  const part = (from: number, to: number): NdArray => ({
    shape: [to - from, ...shape.slice(1)],
    data: data.slice(from * columns, to * columns),
  });
  return { train: part(0, start), test: part(start - context, rows), start };
}

/** @throws ValueError naming the first number that is infinite or, if not allowed, missing. */
function expectNumbers(data: NdArray["data"], columns: number, mayMiss: boolean): void {
  const bad = data.findIndex((value) => !(Number.isFinite(value) || (mayMiss && Number.isNaN(value))));
  if (bad < 0) return;
  const [row, column] = [Math.floor(bad / columns), bad % columns];
  const hint = Number.isNaN(data[bad]) ? ': give missing: "skip" or "interpolate", or fill it first' : "";
  throw new ValueError(`windows: row ${row}, column ${column} is ${data[bad]}; expected finite numbers${hint}`, {
    row,
    column,
  });
}

/**
 * Replaces each NaN by linear interpolation between the values before and after it in its column; before the first and
 * after the last value, by that value.
 * @throws ValueError for a column without a value.
 */
function interpolated(given: NdArray["data"], columns: number): Float32Array {
  const data = Float32Array.from(given);
  for (let column = 0; column < columns; column++) {
    let before: number | undefined;
    for (let at = column; at < data.length; at += columns) {
      if (Number.isNaN(data[at])) continue;
      const value = data[at] ?? 0;
      const start = before ?? column - columns;
      const from = before === undefined ? value : (data[before] ?? 0);
      for (let gap = start + columns; gap < at; gap += columns) {
        data[gap] = from + ((value - from) * (gap - start)) / (at - start);
      }
      before = at;
    }
    if (before === undefined) throw new ValueError(`windows: column ${column} holds no number; expected one or more`);
    for (let at = before + columns; at < data.length; at += columns) data[at] = data[before] ?? 0;
  }
  return data;
}

interface Series {
  readonly rows: number;
  readonly columns: number;
  readonly shape: readonly number[];
  readonly data: NdArray["data"];
}

function readSeries(series: ArrayLike, what: string): Series {
  const { shape, data } = toNdArray(series, "float32", what);
  const [rows, columns = 1] = shape;
  if (rows === undefined || shape.length > 2 || columns === 0) {
    throw new ShapeError(
      `${what}: the series is ${formatShape(shape)}; expected [N], or [N, F] with at least one column`,
      {
        shape,
      },
    );
  }
  return { rows, columns, shape, data };
}
