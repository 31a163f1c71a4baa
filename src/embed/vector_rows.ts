/** Converts the caller's vectors to float32 rows and validates them. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import { expectMemory, ownMemory } from "../core/own_memory.ts";

/**
 * Vectors of equal width: concatenated flat numbers, a list of vectors, or `{ data, dims }` and `{ data, shape }` like
 * embeddings and tensors.
 */
export type VectorsLike =
  | Float32Array
  | Float64Array
  | readonly number[]
  | readonly (Float32Array | Float64Array | readonly number[])[]
  | { readonly data: Float32Array | Float64Array | readonly number[]; readonly dims: readonly number[] }
  | { readonly data: Float32Array | Float64Array | readonly number[]; readonly shape: readonly number[] };

/** The maximum length of a vector: the product of two such lengths, and sums of a few of them, fit in float32. */
export const MAX_NORM = 1e18;

/**
 * Converts vectors to concatenated float32 rows. A Float32Array is only copied if it does not own its memory, see
 * `ownMemory`.
 *
 * @throws ShapeError if a vector is not `dimension` wide.
 * @throws ValueError if a number is not finite in float32, or a vector is longer than 1e18.
 */
export function toRows(vectors: VectorsLike, dimension: number, what: string): Float32Array {
  const rows = flatten(vectors, dimension, what);
  for (let row = 0; row * dimension < rows.length; row++) {
    let squares = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) squares += (rows[i] as number) ** 2;
    if (squares <= MAX_NORM ** 2) continue;
    const vector = rows.subarray(row * dimension, (row + 1) * dimension);
    const at = vector.findIndex((number) => !Number.isFinite(number));
    if (at >= 0) {
      throw new ValueError(
        `${what}: vector ${row} has ${vector[at]} at ${at}; expected numbers that are finite in float32`,
        { row, at, value: vector[at] },
      );
    }
    throw new ValueError(
      `${what}: vector ${row} has the length ${Math.sqrt(squares)}; expected at most ${MAX_NORM}: scale the vectors ` +
        "down",
      { row, norm: Math.sqrt(squares) },
    );
  }
  return rows;
}

function flatten(vectors: VectorsLike, dimension: number, what: string): Float32Array {
  const given: unknown = isTensor(vectors) ? vectors.data : vectors;
  expectView(given, what);
  if (isTensor(vectors)) checkShape(vectors, dimension, what);
  if (isNumbers(given)) {
    if (given.length % dimension !== 0) {
      throw new ShapeError(
        `${what}: got ${given.length} numbers; expected vectors of ${dimension} numbers, the dimension, one after ` +
          "the other",
        { length: given.length, dimension },
      );
    }
    if (given instanceof Float32Array) return ownMemory(given, what);
    for (let row = 0; row * dimension < given.length; row++) {
      checkNumbers(given, row * dimension, dimension, row, what);
    }
    return Float32Array.from(given);
  }
  if (!Array.isArray(given)) {
    throw new ValueError(
      `${what}: got ${shown(given)}; expected vectors: numbers one after the other, a list of vectors, or { data, ` +
        "shape }",
    );
  }
  const rows = new Float32Array(given.length * dimension);
  for (const [row, vector] of given.entries()) {
    expectView(vector, `${what}: vector ${row}`);
    if (!isNumbers(vector) || vector.length !== dimension) {
      const came = isNumbers(vector) ? `has ${vector.length} numbers` : `is ${shown(vector)}`;
      throw new ShapeError(`${what}: vector ${row} ${came}; expected ${dimension} numbers, the dimension`, {
        row,
        dimension,
      });
    }
    checkNumbers(vector, 0, dimension, row, what);
    rows.set(vector, row * dimension);
  }
  return rows;
}

/** @throws ValueError for a typed array whose buffer is detached. */
function expectView(given: unknown, what: string): void {
  if (given instanceof Float32Array || given instanceof Float64Array) expectMemory(given, what);
}

type Tensor = Extract<VectorsLike, { readonly data: unknown }>;

function isTensor(vectors: VectorsLike): vectors is Tensor {
  return typeof vectors === "object" && vectors !== null && "data" in vectors;
}

function checkShape(vectors: Tensor, dimension: number, what: string): void {
  const shape: unknown = "dims" in vectors ? vectors.dims : vectors.shape;
  const numbers = Array.isArray(shape) ? shape.reduce((size: number, axis: number) => size * axis, 1) : undefined;
  if (Array.isArray(shape) && shape.at(-1) === dimension && vectors.data?.length === numbers) return;
  throw new ShapeError(
    `${what}: the vectors are [${String(shape)}] with ${vectors.data?.length ?? "no"} numbers; expected [..., ` +
      `${dimension}]`,
    { shape, dimension },
  );
}

/**
 * True for flat numbers: a typed array, or an array that starts with a number. An empty array is both flat numbers and
 * a list.
 */
export function isNumbers(given: unknown): given is ArrayLike<number> & Iterable<number> {
  if (Array.isArray(given)) return given.length === 0 || typeof given[0] !== "object";
  return ArrayBuffer.isView(given) && !(given instanceof DataView);
}

/** @throws ValueError for values that JavaScript would silently convert to a number, such as null. */
function checkNumbers(list: ArrayLike<unknown>, first: number, count: number, row: number, what: string): void {
  for (let at = 0; at < count; at++) {
    const value = list[first + at];
    if (typeof value === "number") continue;
    throw new ValueError(`${what}: vector ${row} has ${shown(value)} at ${at}; expected a number`, { row, at });
  }
}
