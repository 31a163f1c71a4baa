/**
 * A vector as stored on the GPU: its numbers (float32 or int8), and the scale and bias that convert a dot product with
 * a query to an ordering score. Also bounds the error of the GPU's scores.
 *
 * The ordering score is q·x / ‖x‖ for cosine, q·x for the dot product, and q·x - ‖x‖² / 2 for Euclidean distance: ‖q‖
 * is the same for all rows.
 */
import { type Metric, norm } from "./similarity.ts";

/** How vectors are stored on the GPU: at full precision, or in a quarter of the memory. Results are exact with both. */
export type VectorStorage = "float32" | "int8";

const LARGEST_INT8 = 127;
/** Float32 may flush smaller numbers to 0; scales above its inverse are unreliable. */
const SMALLEST = 2 ** -126;
const ROUNDING = 2 ** -24;

/** The maximum contribution of any row written so far to a score's error. It never decreases. */
export class ErrorBound {
  #reach = 0;
  #residual = 0;
  #bias = 0;
  #scale = 0;

  /** Includes a row in the bound. */
  widen({ reach, residual, bias, scale }: RowTerms): void {
    this.#reach = Math.max(this.#reach, reach);
    this.#residual = Math.max(this.#residual, residual);
    this.#bias = Math.max(this.#bias, Math.abs(bias));
    this.#scale = Math.max(this.#scale, scale);
  }

  /**
   * The maximum error of a query's float32 score: rounding of a sum of `dimension` products in any order (Higham,
   * "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1), int8 quantization, and underflow.
   */
  of(queryNorm: number, dimension: number): number {
    const rounding = (dimension + 16) * ROUNDING;
    const underflow = this.#scale * dimension * (1 + queryNorm) * 2 * SMALLEST;
    return queryNorm * (rounding * this.#reach + this.#residual) + 4 * ROUNDING * this.#bias + underflow;
  }
}

/** The terms stored with a row besides its numbers. */
export interface RowTerms {
  readonly scale: number;
  readonly bias: number;
  /** The largest |score| for a query of length 1, without bias. */
  readonly reach: number;
  /** The largest score error due to quantization, for a query of length 1. */
  readonly residual: number;
}

/** The terms of a row stored as float32. */
export function floatTerms(metric: Metric, row: Float32Array): RowTerms {
  const length = norm(row);
  const scale = metric === "cosine" ? 1 / length : 1;
  if (metric === "cosine" && !(length > 2 * SMALLEST)) return unscorable(metric, length);
  return { scale: Math.fround(scale), bias: biasOf(metric, length), reach: length * scale, residual: 0 };
}

/** Quantizes a row to int8 into `bytes`; the rest of `bytes` is filled with zeros. */
export function int8Terms(metric: Metric, row: Float32Array, bytes: Int8Array): RowTerms {
  bytes.fill(0);
  let largest = 0;
  for (const number of row) largest = Math.max(largest, Math.abs(number));
  const step = largest / LARGEST_INT8;
  const length = norm(row);
  const scale = metric === "cosine" ? step / length : step;
  if (!(step > 2 * SMALLEST && scale > 2 * SMALLEST)) return unscorable(metric, length);
  let left = 0;
  let kept = 0;
  for (const [index, number] of row.entries()) {
    const whole = Math.round(number / step);
    bytes[index] = whole;
    left += (number - whole * step) ** 2;
    kept += whole ** 2;
  }
  const residual = Math.sqrt(left) * (metric === "cosine" ? 1 / length : 1);
  return { scale: Math.fround(scale), bias: biasOf(metric, length), reach: Math.sqrt(kept) * scale, residual };
}

/**
 * The terms of a row whose products with queries are 0 or underflow in float32: its score is 0, and its exact score is
 * unknown.
 */
function unscorable(metric: Metric, length: number): RowTerms {
  const residual = length === 0 ? 0 : metric === "cosine" ? 1 : length;
  return { scale: 0, bias: biasOf(metric, length), reach: 0, residual };
}

function biasOf(metric: Metric, length: number): number {
  return metric === "l2" ? Math.fround(-(length ** 2) / 2) : 0;
}

/** Computes the exact ordering score from the similarity. */
export function orderScore(metric: Metric, similarity: number, queryNorm: number): number {
  if (metric === "dot") return similarity;
  return metric === "cosine" ? similarity * queryNorm : (queryNorm ** 2 - similarity ** 2) / 2;
}
