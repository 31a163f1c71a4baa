/** Histograms of the outputs of positives and negatives between thresholds, from which curves are computed. */
import type { HostData } from "../../core/dtype.ts";
import { sizeOf } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { scatterAdd } from "../../ops/data/gather.ts";
import { broadcastTo, concat, reshape } from "../../ops/data/movement.ts";
import { cast, greater, maximum, mul, notEqual, sub } from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { alignWeight, type MetricBatch } from "./metric.ts";

/** Counts of positives and negatives above each threshold. */
export interface Curve {
  readonly tp: readonly number[];
  readonly fp: readonly number[];
  readonly positives: number;
  readonly negatives: number;
}

/**
 * A batch's counts of positives and negatives in each bucket, `[buckets, 2]`; `bucket` takes the outputs as `[N, 1]`.
 */
export function histogramOf(
  { yTrue, yPred, sampleWeight }: MetricBatch,
  buckets: number,
  bucket: (p: Value) => Value,
): Value {
  const count = sizeOf(yPred.shape);
  const label = reshape(cast(notEqual(yTrue, 0), "float32"), [count, 1]);
  const both = concat([label, sub(1, label)], 1);
  const weight = sampleWeight && reshape(broadcastTo(alignWeight(sampleWeight, yPred.shape), yPred.shape), [count, 1]);
  const ids = reshape(bucket(reshape(yPred, [count, 1])), [count]);
  return scatterAdd(weight === undefined ? both : mul(both, weight), ids, buckets);
}

/**
 * The index of the last threshold below p (int32). The outermost thresholds are just outside 0 and 1. `[N, 1]` -> `[N,
 * 1]`.
 */
export function bucketOf(p: Value, buckets: number, inner: readonly number[] | undefined): Value {
  if (inner === undefined) {
    // Evenly spaced: ceil(p · (n − 1)) − 1, and 0 for p = 0. For non-integers, truncation to int32 equals ceil − 1.
    const scaled = mul(p, buckets - 1);
    const whole = cast(cast(scaled, "int32"), "float32");
    const ceiled = sub(whole, sub(1, cast(greater(scaled, whole), "float32")));
    return cast(maximum(ceiled, 0), "int32");
  }
  if (inner.length === 0) return cast(mul(p, 0), "int32");
  const limits = constant({ shape: [1, inner.length], data: Float32Array.from(inner) });
  return cast(sum(cast(greater(p, limits), "float32"), { axes: 1, keepDims: true }), "int32");
}

/** Computes the counts above each threshold from histograms `[n, 2]`. */
export function curveOf(histogram: HostData): Curve {
  const buckets = histogram.length / 2;
  const tp = new Array<number>(buckets).fill(0);
  const fp = new Array<number>(buckets).fill(0);
  let [positives, negatives] = [0, 0];
  for (let bucket = buckets - 1; bucket >= 0; bucket--) {
    positives += histogram[bucket * 2] ?? 0;
    negatives += histogram[bucket * 2 + 1] ?? 0;
    tp[bucket] = positives;
    fp[bucket] = negatives;
  }
  return { tp, fp, positives, negatives };
}
