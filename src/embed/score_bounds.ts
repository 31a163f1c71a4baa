/**
 * A vector as the GPU keeps it: its numbers (float32 or int8), and the scale and bias that turn a product with a query
 * into what orders vectors by the metric. With it, how far the GPU's score may be from the exact one.
 *
 * What orders by cosine is q·x / ‖x‖, by dot product q·x, by Euclidean distance q·x - ‖x‖² / 2: ‖q‖ is the same for all
 * rows.
 */
import { type Metric, norm } from "./similarity.ts";

/** How vectors are kept on the GPU: every bit, or a quarter of the memory. Results are exact with both. */
export type VectorStorage = "float32" | "int8";

const LARGEST_INT8 = 127;
/** Float32 flushes smaller numbers to 0; scales beyond its inverse are not to be trusted. */
const SMALLEST = 2 ** -126;
const ROUNDING = 2 ** -24;

/** The most that any row written so far may add to a score's error. It never shrinks: a bound stays a bound. */
export class ErrorBound {
  #reach = 0;
  #residual = 0;
  #bias = 0;
  #scale = 0;

  /** Takes a row in. */
  widen({ reach, residual, bias, scale }: RowTerms): void {
    this.#reach = Math.max(this.#reach, reach);
    this.#residual = Math.max(this.#residual, residual);
    this.#bias = Math.max(this.#bias, Math.abs(bias));
    this.#scale = Math.max(this.#scale, scale);
  }

  /**
   * How far a float32 score of a query may be from the exact one: rounding of a sum of `dimension` products in any
   * order (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1), what int8 leaves out, and
   * underflow.
   */
  of(queryNorm: number, dimension: number): number {
    const rounding = (dimension + 16) * ROUNDING;
    const underflow = this.#scale * dimension * (1 + queryNorm) * 2 * SMALLEST;
    return queryNorm * (rounding * this.#reach + this.#residual) + 4 * ROUNDING * this.#bias + underflow;
  }
}

/** What goes with a row, besides its numbers. */
export interface RowTerms {
  readonly scale: number;
  readonly bias: number;
  /** Largest |score| of a query of length 1, bias aside. */
  readonly reach: number;
  /** Largest error of the score of a query of length 1 that the storage brings. */
  readonly residual: number;
}

/** Terms of a row that is kept as float32. */
export function floatTerms(metric: Metric, row: Float32Array): RowTerms {
  const length = norm(row);
  const scale = metric === "cosine" ? 1 / length : 1;
  if (metric === "cosine" && !(length > 2 * SMALLEST)) return unscorable(metric, length);
  return { scale: Math.fround(scale), bias: biasOf(metric, length), reach: length * scale, residual: 0 };
}

/** Fills `bytes` with the row's int8 numbers, each a multiple of one step; zeros follow where `bytes` is wider. */
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
 * A row whose products with queries are 0, or too small for float32 to tell: its score counts as 0, and its exact one
 * as unknown.
 */
function unscorable(metric: Metric, length: number): RowTerms {
  const residual = length === 0 ? 0 : metric === "cosine" ? 1 : length;
  return { scale: 0, bias: biasOf(metric, length), reach: 0, residual };
}

function biasOf(metric: Metric, length: number): number {
  return metric === "l2" ? Math.fround(-(length ** 2) / 2) : 0;
}

/** The exact score that orders rows, from the similarity itself. */
export function orderScore(metric: Metric, similarity: number, queryNorm: number): number {
  if (metric === "dot") return similarity;
  return metric === "cosine" ? similarity * queryNorm : (queryNorm ** 2 - similarity ** 2) / 2;
}
