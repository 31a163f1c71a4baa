/** The similarity of two vectors: the float64 definitions that every search must match. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { isRow } from "../core/nd_array.ts";
import { type OptionKind, oneOf, readValue } from "../core/option_table.ts";
import { shown } from "../core/options.ts";

/**
 * How a search compares vectors. Larger scores are nearer.
 *
 * - `"cosine"`: a·b / (‖a‖ ‖b‖), from -1 to 1; 0 if a vector is all zeros.
 * - `"dot"`: a·b.
 * - `"l2"`: the negated Euclidean distance, -‖a - b‖, so that larger is nearer here too.
 */
export type Metric = "cosine" | "dot" | "l2";

/** A metric by name. */
export const metricKind: OptionKind<Metric> = oneOf(["cosine", "dot", "l2"]);

/**
 * The similarity of two vectors in float64.
 *
 * @throws ShapeError if the vectors differ in width; ValueError for an argument that is not a vector, and for an
 * unknown metric.
 * @example
 * similarity("cosine", [1, 0], [1, 1]); // 0.7071067811865475
 */
export function similarity(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (!isRow(a) || !isRow(b)) {
    throw new ValueError(`similarity: got ${shown(a)} and ${shown(b)}; expected two lists of numbers`);
  }
  if (a.length !== b.length) {
    throw new ShapeError(`similarity: the vectors have ${a.length} and ${b.length} numbers; expected the same width`, {
      widths: [a.length, b.length],
    });
  }
  let [dot, distance] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    distance += (x - y) ** 2;
  }
  if (metric === "l2") return -Math.sqrt(distance);
  if (metric === "dot") return dot;
  readValue("similarity", "metric", metricKind, metric);
  return cosine(dot, norm(a) * norm(b));
}

/**
 * a·b / (‖a‖ ‖b‖): 0 if a vector is all zeros, and clamped to [-1, 1] against rounding, so that `Math.acos` accepts it.
 */
export function cosine(dot: number, norms: number): number {
  return norms === 0 ? 0 : Math.max(-1, Math.min(1, dot / norms));
}

/** ‖a‖ in float64. */
export function norm(a: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] as number) ** 2;
  return Math.sqrt(squares);
}
