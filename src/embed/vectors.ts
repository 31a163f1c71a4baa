/** Vectors as callers have them, turned into rows of float32 and checked. */
import { ShapeError, ValueError } from "../core/errors.ts";

/**
 * Vectors of one width: flat numbers one vector after the other, a list of vectors, or `{ data, dims }` and
 * `{ data, shape }` as embedders and tensors give them.
 */
export type VectorsLike =
  | Float32Array
  | Float64Array
  | readonly number[]
  | readonly (Float32Array | Float64Array | readonly number[])[]
  | { readonly data: Float32Array | Float64Array | readonly number[]; readonly dims: readonly number[] }
  | { readonly data: Float32Array | Float64Array | readonly number[]; readonly shape: readonly number[] };

/** The longest vector that is taken: float32 holds the product of two such lengths, and sums of a few of these. */
export const MAX_NORM = 1e18;

/**
 * The vectors as float32 rows, one after the other. A Float32Array is returned as it is, not copied.
 *
 * @throws ShapeError when a vector is not `dimension` wide.
 * @throws ValueError when a number is not finite in float32, or a vector is longer than 1e18.
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
      `${what}: vector ${row} has the length ${Math.sqrt(squares)}; expected at most ${MAX_NORM}: scale the vectors down`,
      { row, norm: Math.sqrt(squares) },
    );
  }
  return rows;
}

function flatten(vectors: VectorsLike, dimension: number, what: string): Float32Array {
  const given = "data" in vectors ? vectors.data : vectors;
  const shape = "dims" in vectors ? vectors.dims : "shape" in vectors ? vectors.shape : undefined;
  if (shape !== undefined && (shape.at(-1) !== dimension || given.length !== shape.reduce((a, b) => a * b, 1))) {
    throw new ShapeError(
      `${what}: the vectors are [${shape.join(", ")}] with ${given.length} numbers; expected [..., ${dimension}]`,
      { shape, dimension },
    );
  }
  if (given instanceof Float32Array || given instanceof Float64Array || isNumbers(given)) {
    if (given.length % dimension !== 0) {
      throw new ShapeError(
        `${what}: got ${given.length} numbers; expected a whole number of vectors of ${dimension} numbers`,
        { length: given.length, dimension },
      );
    }
    return given instanceof Float32Array ? given : Float32Array.from(given);
  }
  const rows = new Float32Array(given.length * dimension);
  for (const [row, vector] of given.entries()) {
    if (vector?.length !== dimension) {
      throw new ShapeError(`${what}: vector ${row} has ${vector?.length ?? "no"} numbers; expected ${dimension}`, {
        row,
        width: vector?.length,
        dimension,
      });
    }
    rows.set(vector, row * dimension);
  }
  return rows;
}

function isNumbers(list: readonly unknown[]): list is readonly number[] {
  return list.length === 0 || typeof list[0] === "number";
}
