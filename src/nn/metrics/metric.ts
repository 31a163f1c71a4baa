/**
 * The metric interface: sums over examples, which steps accumulate on the GPU, and a result computed from them on the
 * host (https://keras.io/api/metrics/).
 */
import type { HostData } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { either, listOf, type Option, type OptionKind, share, text, withDefault } from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import { cast, mul } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";

/** A serialized metric: its kind (`id`) and its options, including its name in the logs. */
export interface MetricConfig {
  readonly id: string;
  readonly [option: string]: string | number | boolean | readonly number[] | null | undefined;
}

/** A batch as passed to a metric. */
export interface MetricBatch {
  readonly yTrue: Value;
  readonly yPred: Value;
  /** A weight per example, `[B]`, or per element, `[B, ...]`. */
  readonly sampleWeight?: Value | undefined;
  /** bool `[B, T]`: false for excluded timesteps. As in Keras, only metrics that are means over timesteps apply it. */
  readonly mask?: Value | undefined;
}

/** Whether higher or lower is better; undefined if it depends. */
export type Direction = "up" | "down" | undefined;

/** A metric. Its sums are reset to 0 at the start of every epoch and evaluation. */
export interface Metric {
  /** In logs and history. */
  readonly name: string;
  /** Its serialized form. */
  readonly config: MetricConfig;
  readonly direction: Direction;
  /** A batch's contribution to each sum. The sums' shapes are independent of the batch size. */
  update(batch: MetricBatch): readonly Value[];
  /** Computes the result from the sums over `examples` examples: a number, or one per class or threshold. */
  result(sums: readonly HostData[], examples: number): number | readonly number[];
}

/** Creates a metric from its options. */
export type MetricMaker = (options: never) => Metric;

/** Options that all metrics share. */
export interface MetricOptions {
  /** The name in logs and history. Default: the metric's own name. */
  readonly name?: string | undefined;
}

/** The option that all metrics share. */
export const nameOption = (id: string): { readonly name: Option<string> } => ({ name: withDefault(text, id) });

/** One threshold, or several. */
export const thresholdsKind: OptionKind<number | readonly number[]> = {
  expected: "a number from 0 to 1, or a list of them",
  read: (value) => (Array.isArray(value) && value.length === 0 ? undefined : either(share, listOf(share)).read(value)),
};

/** a / b, and 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

/** The mean over all axes but the first, summed over the first: a batch's contribution to a mean's sum. */
function total(values: Value): Value {
  const rest = values.shape.map((_, axis) => axis).slice(1);
  return sum(rest.length === 0 ? values : mean(values, { axes: rest }));
}

/** Sets weights to 0 where the mask is false. */
export function maskedWeight(weight: Value | undefined, mask: Value | undefined): Value | undefined {
  if (mask === undefined) return weight;
  const counted = cast(mask, "float32");
  return weight === undefined ? counted : mul(counted, alignWeight(weight, counted.shape));
}

/** The sums of a mean over examples: of values and, if given, of weights. The first axis is the batch. */
export function meanSums(values: Value, sampleWeight: Value | undefined): readonly Value[] {
  if (sampleWeight === undefined) return [total(values)];
  // A last axis of size 1 is optional.
  const weight = sampleWeight.shape.length > values.shape.length ? trimmed(sampleWeight) : sampleWeight;
  if (weight.shape.length > values.shape.length) {
    throw new ShapeError(
      `a metric's values are ${formatShape(values.shape)} and their weights ${formatShape(weight.shape)}; expected ` +
        "one weight per value or per example",
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

/** The mean computed from the sums of `meanSums`. */
export function meanOf(sums: readonly HostData[], examples: number): number {
  return ratio(sums[0]?.[0] ?? 0, sums.length > 1 ? (sums[1]?.[0] ?? 0) : examples);
}

/** Creates a metric that averages a value per example, `[B]` or `[B, ...]`. */
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

/** Appends axes of size 1 to the weights until they have as many axes as `values`. */
export function alignWeight(sampleWeight: Value, values: Shape): Value {
  const missing = values.length - sampleWeight.shape.length;
  return missing <= 0
    ? reshape(sampleWeight, sampleWeight.shape.slice(0, values.length))
    : reshape(sampleWeight, [...sampleWeight.shape, ...new Array<number>(missing).fill(1)]);
}
