/**
 * The data sets that `fit` trains on: examples in memory, either dense or ragged (rows of ids of different lengths).
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import { checkArray, isRow, type NdArray } from "../core/nd_array.ts";
import { shown } from "../core/options.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import { checkRagged, isRagged, type RaggedSequences, takeRaggedRows } from "./ragged_rows.ts";

/** Examples of one shape: `x` is `[size, …]`, `y` is `[size, …]`. */
export interface DenseDataset {
  readonly kind: "dense";
  readonly size: number;
  readonly x: NdArray;
  readonly y: NdArray;
}

/** Rows of ids with one or more labels each: `y` is `[size]` or `[size, K]`. */
export interface RaggedDataset {
  readonly kind: "ragged";
  readonly size: number;
  readonly x: RaggedSequences;
  readonly y: NdArray;
}

/** Examples and their labels. */
export type Dataset = DenseDataset | RaggedDataset;

/**
 * Creates a data set from `x` and `y`, and validates both.
 * @throws ShapeError if their first axes differ.
 * @throws ValueError if there are no examples, or a number is not finite.
 *
 * @example
 * const train = dataset({ shape: [2, 3], data: new Float32Array(6) }, { shape: [2, 1], data: new Float32Array(2) });
 */
export function dataset(x: RaggedSequences, y: NdArray): RaggedDataset;
export function dataset(x: NdArray, y: NdArray): DenseDataset;
export function dataset(x: NdArray | RaggedSequences, y: NdArray): Dataset;
export function dataset(x: NdArray | RaggedSequences, y: NdArray): Dataset {
  checkArray(y, "dataset: y");
  if (!isRagged(x)) checkArray(x, "dataset: x");
  const result: Dataset = isRagged(x)
    ? { kind: "ragged", size: x.offsets.length - 1, x, y }
    : { kind: "dense", size: x.shape[0] ?? 0, x, y };
  checkDataset(result);
  return result;
}

/**
 * Validates a data set.
 * @throws ShapeError if the first axes of `x` and `y` differ from `size`, or data does not fill a shape.
 * @throws ValueError if there are no examples, or a number is not finite.
 *
 * @example
 * checkDataset(train, "fit");
 */
export function checkDataset(data: Dataset, what = "dataset"): void {
  if (data?.kind !== "ragged" && data?.kind !== "dense")
    throw new ValueError(`${what}: got ${shown(data)}; expected a data set, as created by dataset(x, y)`);
  if (typeof data.size !== "number" || !(data.size > 0))
    throw new ValueError(`${what}: the data set is empty; expected at least one example`);
  if (data.kind === "ragged") checkRagged(data.x, data.size, what);
  else checkExamples(data.x, data.size, `${what}: x`);
  checkExamples(data.y, data.size, `${what}: y`);
}

/**
 * The examples at `indices`, in that order.
 * @throws ValueError if an index is out of range.
 *
 * @example
 * const firstTen = subset(train, Array.from({ length: 10 }, (_, index) => index));
 */
export function subset(data: RaggedDataset, indices: ArrayLike<number>): RaggedDataset;
export function subset(data: DenseDataset, indices: ArrayLike<number>): DenseDataset;
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset;
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  checkDataset(data, "subset");
  if (!isRow(indices))
    throw new ValueError(`subset: got ${shown(indices)}; expected a list of indices, such as [0, 2]`);
  const size = indices.length;
  for (let row = 0; row < size; row++) {
    const index = indices[row] as number;
    if (!(Number.isInteger(index) && index >= 0 && index < data.size)) {
      throw new ValueError(`subset: index ${shown(index)} is outside a data set of ${data.size} examples`, { index });
    }
  }
  const y = takeRows(data.y, indices);
  return data.kind === "ragged"
    ? { kind: "ragged", size, x: takeRaggedRows(data.x, indices), y }
    : { kind: "dense", size, x: takeRows(data.x, indices), y };
}

/**
 * Validates one array of a data set.
 * @throws ShapeError if its first axis is not `size`, or data does not fill the shape.
 * @throws ValueError if a number is not finite.
 */
export function checkExamples(array: NdArray, size: number, what: string): void {
  const { shape, data } = checkArray(array, what);
  if (shape[0] !== size) {
    throw new ShapeError(`${what} has shape ${formatShape(shape)}; expected ${size} examples on its first axis`, {
      shape,
      size,
    });
  }
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `${what}: shape ${formatShape(shape)} holds ${sizeOf(shape)} elements, but data has ${data.length}`,
      {
        shape,
        length: data.length,
      },
    );
  }
  if (data instanceof Int32Array) return;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const perRow = data.length / size;
    throw new ValueError(
      `${what}: element ${bad} (example ${Math.floor(bad / perRow)}) is ${data[bad]}; expected finite numbers: ` +
        "remove or replace it before training",
      { index: bad, value: data[bad] },
    );
  }
}

function takeRows(array: NdArray, indices: ArrayLike<number>): NdArray {
  const perRow = array.data.length / (array.shape[0] as number);
  const total = perRow * indices.length;
  const data = array.data instanceof Float32Array ? new Float32Array(total) : new Int32Array(total);
  for (let row = 0; row < indices.length; row++) {
    const start = (indices[row] as number) * perRow;
    data.set(array.data.subarray(start, start + perRow), row * perRow);
  }
  return { shape: [indices.length, ...array.shape.slice(1)], data };
}
