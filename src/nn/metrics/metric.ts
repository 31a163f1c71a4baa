/**
 * What a metric is: sums over the examples so far, which a step adds to on the GPU, and a result computed from them on
 * the host (https://keras.io/api/metrics/).
 */
import type { HostData } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { either, listOf, type Option, type OptionKind, share, text, withDefault } from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/reshape.ts";
import { cast, mul } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";

/** A metric as data: its kind (`id`), and its options, the name in the logs among them. */
export interface MetricConfig {
  readonly id: string;
  readonly [option: string]: string | number | boolean | readonly number[] | null | undefined;
}

/** What a metric sees of a step. */
export interface MetricBatch {
  readonly yTrue: Value;
  readonly yPred: Value;
  /** A weight for each example `[B]`, or for each of its parts `[B, ...]`. */
  readonly sampleWeight?: Value | undefined;
  /**
   * bool `[B, T]`: false for timesteps that are left out. Metrics that are means over timesteps heed it, as in Keras.
   */
  readonly mask?: Value | undefined;
}

/** Whether more or less is better; undefined where that depends. */
export type Direction = "up" | "down" | undefined;

/** A metric. Its sums begin at 0 with every epoch and every evaluation. */
export interface Metric {
  /** In logs and history. */
  readonly name: string;
  /** What a saved model keeps. */
  readonly config: MetricConfig;
  readonly direction: Direction;
  /** What a batch adds to each sum. The sums' shapes do not depend on the batch's size. */
  update(batch: MetricBatch): readonly Value[];
  /** The result of the sums over `examples` examples: a number, or one for each class or threshold. */
  result(sums: readonly HostData[], examples: number): number | readonly number[];
}

/** Makes a metric from its options. */
export type MetricMaker = (options: never) => Metric;

/** Options that all metrics share. */
export interface MetricOptions {
  /** In logs and history. Default: the metric's own name. */
  readonly name?: string | undefined;
}

/** The option that all metrics share. */
export const nameOption = (id: string): { readonly name: Option<string> } => ({ name: withDefault(text, id) });

/** One threshold, or several. */
export const thresholdsKind: OptionKind<number | readonly number[]> = {
  expected: "a number from 0 to 1, or a list of some",
  read: (value) => (Array.isArray(value) && value.length === 0 ? undefined : either(share, listOf(share)).read(value)),
};

/** a / b, and 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

/** Means over all axes but the first, then the sum over that: what a batch adds to a mean's sum. */
function total(values: Value): Value {
  const rest = values.shape.map((_, axis) => axis).slice(1);
  return sum(rest.length === 0 ? values : mean(values, { axes: rest }));
}

/** Weights that are 0 where the mask is false. */
export function maskedWeight(weight: Value | undefined, mask: Value | undefined): Value | undefined {
  if (mask === undefined) return weight;
  const counted = cast(mask, "float32");
  return weight === undefined ? counted : mul(counted, alignWeight(weight, counted.shape));
}

/**
 * Sums of a mean over examples: the values, and where examples are weighted the weights. Both with the batch's axis
 * first.
 */
export function meanSums(values: Value, sampleWeight: Value | undefined): readonly Value[] {
  if (sampleWeight === undefined) return [total(values)];
  // A last axis of size 1 may be there or not.
  const weight = sampleWeight.shape.length > values.shape.length ? trimmed(sampleWeight) : sampleWeight;
  if (weight.shape.length > values.shape.length) {
    throw new ShapeError(
      `a metric's values are ${formatShape(values.shape)} and their weights ${formatShape(weight.shape)}; expected a ` +
        "weight for each value, or for each example",
      { values: values.shape, weights: weight.shape },
    );
  }
  const rest = values.shape.map((_, axis) => axis).slice(weight.shape.length);
  const reduced = rest.length === 0 ? values : mean(values, { axes: rest });
  return [total(mul(reduced, weight)), total(weight)];
}

function trimmed(weight: Value): Value {
  return weight.shape.at(-1) === 1 ? reshape(weight, weight.shape.slice(0, -1)) : weight;
}

/** The mean whose sums `meanSums` gives. */
export function meanOf(sums: readonly HostData[], examples: number): number {
  return ratio(sums[0]?.[0] ?? 0, sums.length > 1 ? (sums[1]?.[0] ?? 0) : examples);
}

/** A metric that is the mean of a value of each example, `[B]` or `[B, ...]`. */
export function meanMetric(
  config: MetricConfig,
  name: string,
  direction: Direction,
  values: (yTrue: Value, yPred: Value) => Value,
): Metric {
  return {
    name,
    config: { ...config, name },
    direction,
    update: ({ yTrue, yPred, sampleWeight, mask }) => meanSums(values(yTrue, yPred), maskedWeight(sampleWeight, mask)),
    result: meanOf,
  };
}

/** Weights with as many axes as `values`, of which those that are missing have size 1. */
export function alignWeight(sampleWeight: Value, values: Shape): Value {
  const missing = values.length - sampleWeight.shape.length;
  return missing <= 0
    ? reshape(sampleWeight, sampleWeight.shape.slice(0, values.length))
    : reshape(sampleWeight, [...sampleWeight.shape, ...new Array<number>(missing).fill(1)]);
}
