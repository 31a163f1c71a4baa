/** Finds and removes the direction that all sentence vectors share. */
import { norm } from "./similarity.ts";

const MOST_ROUNDS = 1000;
const ENOUGH = 1e-12;

/**
 * The first right singular vector of uncentred rows: the unit vector u with the largest Σ (row·u)². Computed by power
 * iteration in float64, starting from the rows' mean; its largest element is positive. Undefined if all rows are zeros.
 * Source: Arora, Liang & Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", algorithm 1.
 *
 * @param data `[rows, size]`, row-major.
 */
export function firstComponent(data: Float32Array, size: number): Float64Array | undefined {
  const rows = data.length / size;
  let u: Float64Array = new Float64Array(size);
  for (let at = 0; at < data.length; at++) u[at % size] = (u[at % size] as number) + (data[at] as number) / rows;
  // If the mean is zero, start with the longest row.
  if (norm(u) === 0) u = Float64Array.from(longestRow(data, size));
  let length = norm(u);
  if (length === 0) return undefined;
  u = u.map((value) => value / length);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = timesItsTranspose(data, size, u);
    length = norm(next);
    if (length === 0) return undefined;
    let change = 0;
    for (let at = 0; at < size; at++) {
      const value = (next[at] as number) / length;
      change += (value - (u[at] as number)) ** 2;
      u[at] = value;
    }
    if (change < ENOUGH * ENOUGH) break;
  }
  const largest = u.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  // Rounded to float32, so that a saved component is identical.
  return u.map((value) => Math.fround(largest < 0 ? -value : value));
}

/** Xᵀ X u. */
function timesItsTranspose(data: Float32Array, size: number, u: Float64Array): Float64Array {
  const result = new Float64Array(size);
  for (let start = 0; start < data.length; start += size) {
    let dot = 0;
    for (let at = 0; at < size; at++) dot += (data[start + at] as number) * (u[at] as number);
    for (let at = 0; at < size; at++) result[at] = (result[at] as number) + dot * (data[start + at] as number);
  }
  return result;
}

function longestRow(data: Float32Array, size: number): Float32Array {
  let longest = data.subarray(0, size);
  for (let start = size; start < data.length; start += size) {
    const row = data.subarray(start, start + size);
    if (norm(row) > norm(longest)) longest = row;
  }
  return longest;
}

/** A remainder below this share of the vector's length is rounding error, without a meaningful direction. */
const ROUNDING = 1e-6;

/** Removes the component along `u` from a vector, in place. A vector parallel to `u` becomes zeros. */
export function removeComponent(vector: Float64Array, u: ArrayLike<number>): void {
  const length = norm(vector);
  let dot = 0;
  for (let at = 0; at < vector.length; at++) dot += (vector[at] as number) * (u[at] as number);
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) - dot * (u[at] as number);
  if (norm(vector) < ROUNDING * length) vector.fill(0);
}
