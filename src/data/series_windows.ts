/** Cuts a time series into training windows, and splits it chronologically. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type ArrayLike, type NdArray, toNdArray } from "../core/nd_array.ts";
import { formatShape } from "../core/shape.ts";
import { type DenseDataset, dataset } from "./dataset.ts";

/** Options of `windows`. */
export interface WindowOptions {
  /** T: rows per window. */
  readonly length: number;
  /** Rows to forecast from each window, one after another; 1 by default. */
  readonly horizon?: number;
  /** Rows between a window's last and the first to forecast; 0 by default: the very next. */
  readonly gap?: number;
  /** Rows from one window's start to the next one's; 1 by default. */
  readonly stride?: number;
  /** The column to forecast; 0 by default. */
  readonly target?: number;
}

/**
 * Every window of a series `[N]` or `[N, F]`, and what comes after it: `x` is `[windows, T, F]`, `y` `[windows,
 * horizon]`. Window `i` starts at row `i · stride`; its first target is row `i · stride + length + gap`.
 * @throws ShapeError when the series is not `[N]` or `[N, F]`, or too short for one window.
 * @throws ValueError when an option is out of range, or a number is not finite.
 *
 * @example
 * windows([1, 2, 3, 4, 5], { length: 3 }); // x [[1, 2, 3], [2, 3, 4]], y [[4], [5]]
 */
export function windows(series: ArrayLike, options: WindowOptions): DenseDataset {
  const { length, horizon = 1, gap = 0, stride = 1, target = 0 } = options;
  const { rows, columns, data } = readSeries(series, "windows");
  checkWhole("windows", { length, horizon, stride }, 1);
  checkWhole("windows", { gap, target }, 0);
  if (target >= columns) {
    throw new ValueError(`windows: target is column ${target}; the series has ${columns} column(s), counted from 0`, {
      target,
      columns,
    });
  }
  const span = length + gap + horizon;
  if (rows < span) {
    throw new ShapeError(
      `windows: the series has ${rows} rows; a window of ${length}, a gap of ${gap} and a horizon of ${horizon} need ` +
        `${span}: give a longer series or shorter windows`,
      { rows, expected: span },
    );
  }
  const count = Math.floor((rows - span) / stride) + 1;
  const x = new Float32Array(count * length * columns);
  const y = new Float32Array(count * horizon);
  for (let window = 0; window < count; window++) {
    const start = window * stride;
    x.set(data.subarray(start * columns, (start + length) * columns), window * length * columns);
    for (let step = 0; step < horizon; step++)
      y[window * horizon + step] = data[(start + length + gap + step) * columns + target] as number;
  }
  return dataset({ shape: [count, length, columns], data: x }, { shape: [count, horizon], data: y });
}

/** Options of `chronologicalSplit`. */
export interface ChronologicalSplitOptions {
  /** The share of rows that is held out at the end; 0.2 by default. */
  readonly testFraction?: number;
  /**
   * The rows before the test part that are included in it as inputs, not targets: a window's `length + gap`. 0 by
   * default.
   */
  readonly context?: number;
}

/** Both parts of a series, oldest first. */
export interface ChronologicalSplit {
  readonly train: NdArray;
  /** Its first `context` rows are the last of `train`. */
  readonly test: NdArray;
  /** The row of the series at which the held-out part begins. */
  readonly start: number;
}

/**
 * Splits a series `[N]` or `[N, F]` chronologically: the last share is held out, so that the model does not see the
 * future.
 * @throws ShapeError when the series is neither `[N]` nor `[N, F]`.
 * @throws ValueError when a side would be empty, or the training part has fewer than `context` rows.
 *
 * @example
 * const { train, test } = chronologicalSplit(prices, { testFraction: 0.2, context: 60 });
 * const scaler = minMaxScaler().fit(train);
 * const toTrain = windows(scaler.transform(train), { length: 60 });
 * const toTest = windows(scaler.transform(test), { length: 60 }); // its first target is the first row held out
 */
export function chronologicalSplit(
  series: ArrayLike,
  { testFraction = 0.2, context = 0 }: ChronologicalSplitOptions = {},
): ChronologicalSplit {
  const { rows, columns, shape, data } = readSeries(series, "chronologicalSplit");
  checkWhole("chronologicalSplit", { context }, 0);
  const count = Math.round(rows * testFraction);
  if (!(testFraction > 0 && testFraction < 1) || count < 1 || count >= rows) {
    throw new ValueError(
      `chronologicalSplit: testFraction ${testFraction} of ${rows} rows is ${count}; expected at least one row on ` +
        "either side",
      { testFraction, rows },
    );
  }
  const start = rows - count;
  if (context > start) {
    throw new ValueError(
      `chronologicalSplit: context is ${context}, but only ${start} rows lie before the held-out part; give a longer ` +
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
      `${what}: the series is ${formatShape(shape)}; expected [N], or [N, F] with a column or more`,
      {
        shape,
      },
    );
  }
  return { rows, columns, shape, data };
}

function checkWhole(what: string, values: Readonly<Record<string, number>>, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new ValueError(`${what}: ${name} is ${value}; expected a whole number of at least ${least}`, {
      [name]: value,
    });
  }
}
