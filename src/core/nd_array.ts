import { allocate, type DType, type HostData, type TypedNumbers } from "./dtype.ts";
import { ShapeError, ValueError } from "./errors.ts";
import { shown } from "./options.ts";
import { expectMemory, ownMemory } from "./own_memory.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";

/** A tensor on the host: a shape and its elements in row-major order. Int32Array for int32 and bool. */
export interface NdArray {
  readonly shape: Shape;
  readonly data: HostData;
}

/** Nested arrays of numbers, as deep as the tensor's rank; the innermost may be typed arrays. */
export type Nested = number | readonly Nested[] | TypedNumbers;

/** The values that are accepted as a tensor on the host. */
export type ArrayLike = Nested | NdArray | { readonly shape: Shape; readonly data: readonly number[] };

/** The deepest nesting of arrays that is accepted: an array that contains itself would never end. */
const MAX_RANK = 16;

/**
 * The most elements of nested arrays. The same row may occur many times, so a small input can describe a huge tensor.
 */
const MAX_SIZE = 2 ** 27;

/** True for an array, typed or not. */
export function isRow(value: unknown): value is Iterable<unknown> & { readonly length: number } {
  return Array.isArray(value) || isTyped(value);
}

/** True for a typed array of numbers. */
export function isTyped(value: unknown): value is TypedNumbers {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

/** True for `{ shape, data }`. */
export function isShaped(value: unknown): value is { shape: Shape; data: HostData | readonly number[] } {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value;
}

/**
 * Turns nested arrays, a number or `{ shape, data }` into an NdArray of `dtype`, in memory that nothing else can
 * change: see `ownMemory`.
 * @throws ShapeError when rows differ in length, when `data` does not fill `shape`, and for arrays that are nested more
 * than 16 deep or hold more than 2^27 elements.
 * @throws ValueError when an element is not a number, when an int32 element is not a whole number in range, or when an
 * array's buffer is detached.
 */
export function toNdArray(value: ArrayLike, dtype: DType, what = "array"): NdArray {
  if (isShaped(value)) {
    if (!isRow(value.data)) throw new ValueError(`${what}: data is ${shown(value.data)}; expected numbers`);
    const shape = checkShape(value.shape, what);
    const data = convert(value.data, dtype, what);
    const size = shape.every(Number.isInteger) ? sizeOf(shape) : Number.NaN;
    if (data.length !== size) {
      throw new ShapeError(`${what}: shape ${shown(shape)} holds ${size} elements, but data has ${data.length}`, {
        ...{ shape, length: data.length },
      });
    }
    return { shape: [...shape], data };
  }
  const shape: number[] = [];
  for (let level: unknown = value; isRow(level); [level] = level) {
    if (isTyped(level)) expectMemory(level, what);
    shape.push(level.length);
    if (level.length === 0 || shape.length > MAX_RANK) break;
  }
  const size = sizeOf(shape);
  if (shape.length > MAX_RANK || size > MAX_SIZE) {
    throw new ShapeError(
      `${what}: nested arrays of shape ${formatShape(shape)}; expected at most ${MAX_RANK} axes and ` +
        `${MAX_SIZE} elements`,
    );
  }
  // float64 represents float32 and int32 exactly.
  const flat = new Float64Array(size);
  let at = 0;
  const visit = (node: unknown, depth: number): void => {
    const isLeaf = typeof node === "number";
    if (isTyped(node)) expectMemory(node, what);
    if (!isLeaf && !isRow(node)) {
      const hint =
        typeof node === "string"
          ? "; turn strings into ids, as with encoder.encode(texts), and labels into numbers: names.indexOf(label)"
          : "";
      throw new ValueError(`${what}: holds ${shown(node)}; expected numbers${hint}`, { value: node });
    }
    if (isLeaf !== (depth === shape.length) || (!isLeaf && node.length !== shape[depth])) {
      throw new ShapeError(
        `${what}: nested arrays are ragged at depth ${depth}; every row must have the shape ` +
          `${formatShape(shape.slice(depth))}. Give rows one length by padSequences(rows)`,
        { shape, depth },
      );
    }
    if (isLeaf) flat[at++] = node;
    else for (const child of node) visit(child, depth + 1);
  };
  visit(value, 0);
  return { shape, data: convert(flat, dtype, what) };
}

/** Returns the shape. @throws ShapeError unless it is a list of non-negative whole numbers. */
export function checkShape(shape: Shape, what: string): Shape {
  const isSize = (size: unknown) => typeof size === "number" && Number.isSafeInteger(size) && size >= 0;
  if (Array.isArray(shape) && shape.length <= MAX_RANK && Array.from(shape).every(isSize)) return shape;
  throw new ShapeError(`${what}: shape is ${shown(shape)}; expected a list of whole sizes, such as [32, 10]`, {
    shape,
  });
}

/**
 * Returns the array. @throws ShapeError for a missing or invalid shape. @throws ValueError for data of another type.
 */
export function checkArray(array: NdArray, what: string): NdArray {
  if (isShaped(array) && checkShape(array.shape, what) && allocates(array.data)) return array;
  throw new ValueError(`${what}: got ${shown(array)}; expected { shape, data } with a Float32Array or an Int32Array`);
}

const allocates = (data: unknown) => data instanceof Float32Array || data instanceof Int32Array;

/** Creates an array of `size` elements of `dtype`, all equal to `value`. */
export function full(shape: Shape, dtype: DType, value: number): NdArray {
  return { shape: [...shape], data: allocate(dtype, sizeOf(shape)).fill(value) };
}

function convert(data: HostData | Float64Array | readonly number[], dtype: DType, what: string): HostData {
  if (isTyped(data)) expectMemory(data, what);
  else {
    // Without this check JavaScript would convert strings, null and arrays to numbers silently.
    const index = data.findIndex((element) => typeof element !== "number");
    if (index >= 0) throw new ValueError(`${what}: element ${index} is ${shown(data[index])}; expected numbers`);
  }
  if (dtype === "float32") return data instanceof Float32Array ? ownMemory(data, what) : Float32Array.from(data);
  if (data instanceof Int32Array) return ownMemory(data, what);
  const integers = new Int32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const element = data[index] as number;
    if ((element | 0) !== element) {
      throw new ValueError(`${what}: element ${index} is ${element}; ${dtype} takes whole numbers of 32 bits`, {
        index,
        value: element,
      });
    }
    integers[index] = element;
  }
  return integers;
}
