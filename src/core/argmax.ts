/** Finds the largest elements of a host array: class numbers and rankings from predictions. */
import { allocate } from "./dtype.ts";
import { ShapeError, ValueError } from "./errors.ts";
import { type ArrayLike, isShaped, type NdArray, toNdArray } from "./nd_array.ts";
import { integer, optional, positive, readOptions, readValue } from "./option_table.ts";
import { formatShape, sizeOf } from "./shape.ts";

/** An array of indices on the host. */
export interface IndexArray extends NdArray {
  readonly data: Int32Array;
}

/** Options of `argmax`. */
export interface ArgmaxOptions {
  /** The axis to search; -1 is the last one. Default: the index in the flattened array. */
  readonly axis?: number | null;
}

const ARGMAX = { axis: optional(integer) };

/** The largest elements and their indices. */
export interface TopK {
  /** `[..., k]`, the largest first. */
  readonly values: NdArray;
  /** `[..., k]`: the index of each value along the last axis. */
  readonly indices: IndexArray;
}

/** Comparator for descending order: below 0 where `a` is larger. NaN is larger than any number, as in NumPy. */
const largestFirst = (a: number, b: number) => Number(Number.isNaN(b)) - Number(Number.isNaN(a)) || b - a;

function hostArray(what: string, array: ArrayLike): NdArray {
  const dtype = isShaped(array) && array.data instanceof Int32Array ? "int32" : "float32";
  const given = toNdArray(array, dtype, what);
  if (sizeOf(given.shape) > 0) return given;
  const { shape } = given;
  throw new ShapeError(`${what}: the array's shape is ${formatShape(shape)}; expected at least one element`, { shape });
}

/**
 * The index of the largest element along an axis (https://keras.io/api/ops/numpy/#argmax-function). Of equal elements,
 * the first wins; NaN is larger than any number.
 * @returns a number without `axis`; otherwise an array of the same shape without that axis
 * @throws ValueError for an axis that the array does not have.
 * @throws ShapeError for an array without elements.
 * @example
 * const probabilities = await model.predict(x); // [N, classes]
 * const { data: classes } = argmax(probabilities, { axis: -1 }); // Int32Array of N
 */
export function argmax(array: ArrayLike, options?: { readonly axis?: null }): number;
export function argmax(array: ArrayLike, options: { readonly axis: number }): IndexArray;
export function argmax(array: ArrayLike, options: ArgmaxOptions = {}): number | IndexArray {
  const { axis } = readOptions("argmax(array)", ARGMAX, options);
  const { shape, data } = hostArray("argmax", array);
  if (axis === null) return largestIndex(data, 0, 1, data.length);
  const place = axis < 0 ? axis + shape.length : axis;
  const size = shape[place];
  if (size === undefined) {
    throw new ValueError(`argmax: axis is ${axis}; expected one of the ${shape.length} axes of ${formatShape(shape)}`, {
      axis,
      shape,
    });
  }
  const inner = sizeOf(shape.slice(place + 1));
  const indices = new Int32Array(data.length / size).map((_, index) => {
    const from = Math.floor(index / inner) * size * inner + (index % inner);
    return largestIndex(data, from, inner, size);
  });
  return { shape: shape.toSpliced(place, 1), data: indices };
}

/** The index of the largest of `size` elements. The first is at `from`, the next ones `stride` apart. */
function largestIndex(data: NdArray["data"], from: number, stride: number, size: number): number {
  let best = 0;
  let most = data[from] ?? Number.NaN;
  for (let index = 1; index < size; index++) {
    const element = data[from + index * stride] ?? Number.NaN;
    if (largestFirst(element, most) < 0) [best, most] = [index, element];
  }
  return best;
}

/**
 * The k largest elements of each row along the last axis, the largest first
 * (https://keras.io/api/ops/core/#topk-function). Equal elements keep their order; NaN is larger than any number.
 * @throws ValueError unless k is a whole number from 1 to the length of the last axis.
 * @throws ShapeError for an array without elements or axes.
 * @example
 * const { values, indices } = topK(await model.predict(x), 3); // both [N, 3]
 */
export function topK(array: ArrayLike, k: number): TopK {
  const { shape, data } = hostArray("topK", array);
  const size = shape.at(-1);
  if (size === undefined) throw new ShapeError("topK: the array is a single number; expected at least one axis");
  const count = readValue("topK", "k", positive, k);
  if (count > size) {
    throw new ValueError(`topK: k is ${count}; expected at most ${size}, the length of the last axis`, { k, shape });
  }
  const rows = data.length / size;
  const resultShape = [...shape.slice(0, -1), count];
  const values = allocate(data instanceof Int32Array ? "int32" : "float32", rows * count);
  const indices = new Int32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    const elements = data.subarray(row * size, (row + 1) * size);
    const valueAt = (index: number) => elements[index] ?? Number.NaN;
    // Sorting is stable: equal elements keep their order.
    const order = Array.from(elements.keys()).sort((a, b) => largestFirst(valueAt(a), valueAt(b)));
    for (const [place, index] of order.slice(0, count).entries()) {
      values[row * count + place] = valueAt(index);
      indices[row * count + place] = index;
    }
  }
  return { values: { shape: resultShape, data: values }, indices: { shape: resultShape, data: indices } };
}
