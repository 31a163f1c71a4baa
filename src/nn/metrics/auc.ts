/** The area under the ROC or the precision-recall curve. */
import type { HostData } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { cast, clip, greater, maximum, mul, notEqual, sigmoid, sub } from "../../ops/arithmetic.ts";
import { scatterAdd } from "../../ops/gather.ts";
import { concat } from "../../ops/movement.ts";
import { sum } from "../../ops/reduce.ts";
import { broadcastTo, reshape } from "../../ops/reshape.ts";
import { alignWeight, checkShare, type Metric, type MetricOptions, ratio } from "./metric.ts";

/** Options of `auc`. */
export interface AucOptions extends MetricOptions {
  /** Points of the curve; 200 when absent. */
  readonly numThresholds?: number;
  /** "ROC" when absent. */
  readonly curve?: "ROC" | "PR";
  /** "interpolation" when absent. */
  readonly summationMethod?: "interpolation" | "minoring" | "majoring";
  /** The points themselves, from 0 to 1; 0 and 1 are added. */
  readonly thresholds?: readonly number[] | null;
  /** Outputs are logits. */
  readonly fromLogits?: boolean;
}

/** Counts above each threshold. */
interface Curve {
  readonly tp: readonly number[];
  readonly fp: readonly number[];
  readonly positives: number;
  readonly negatives: number;
}

/**
 * The area under a curve of `numThresholds` points. The sums are two histograms of the outputs, of positives and of
 * negatives; all outputs of an example count alike.
 */
export function auc(options: AucOptions = {}): Metric {
  const { name = "auc", numThresholds = 200, curve = "ROC", summationMethod = "interpolation" } = options;
  const { thresholds = null, fromLogits = false } = options;
  if (!Number.isInteger(numThresholds) || numThresholds < 2) {
    throw new ValueError(`auc: numThresholds is ${numThresholds}; expected a whole number of at least 2`, {
      numThresholds,
    });
  }
  if (curve !== "ROC" && curve !== "PR") {
    throw new ValueError(`auc: curve is ${String(curve)}; expected "ROC" or "PR"`, { curve });
  }
  if (!["interpolation", "minoring", "majoring"].includes(summationMethod)) {
    throw new ValueError(
      `auc: summationMethod is ${summationMethod}; expected "interpolation", "minoring" or "majoring"`,
      { summationMethod },
    );
  }
  const inner = thresholds === null ? undefined : [...thresholds].sort((a, b) => a - b);
  for (const threshold of inner ?? []) checkShare("auc", "threshold", threshold);
  const buckets = inner === undefined ? numThresholds : inner.length + 2;
  return {
    name,
    config: { id: "auc", name, numThresholds, curve, summationMethod, thresholds, fromLogits },
    direction: "up",
    update: ({ yTrue, yPred, sampleWeight }) => {
      const count = sizeOf(yPred.shape);
      const p = reshape(clip(fromLogits ? sigmoid(yPred) : yPred, 0, 1), [count, 1]);
      const label = reshape(cast(notEqual(yTrue, 0), "float32"), [count, 1]);
      const both = concat([label, sub(1, label)], 1);
      const weight =
        sampleWeight && reshape(broadcastTo(alignWeight(sampleWeight, yPred.shape), yPred.shape), [count, 1]);
      const ids = reshape(bucketOf(p, buckets, inner), [count]);
      return [scatterAdd(weight === undefined ? both : mul(both, weight), ids, buckets)];
    },
    result: ([histogram = new Float32Array()]) => {
      const counts = curveOf(histogram);
      return curve === "PR" && summationMethod === "interpolation"
        ? interpolatedPrecision(counts)
        : riemann(counts, curve, summationMethod);
    },
  };
}

/** The last threshold below p (int32): p is above all up to it. The outermost lie just outside 0 and 1. `[N, 1]` -> `[N, 1]`. */
function bucketOf(p: Value, buckets: number, inner: readonly number[] | undefined): Value {
  if (inner === undefined) {
    // Evenly spaced: ceil(p · (n − 1)) − 1, and 0 for p = 0. What cast to int32 cuts off is what ceil adds, but for whole numbers.
    const scaled = mul(p, buckets - 1);
    const whole = cast(cast(scaled, "int32"), "float32");
    const ceiled = sub(whole, sub(1, cast(greater(scaled, whole), "float32")));
    return cast(maximum(ceiled, 0), "int32");
  }
  if (inner.length === 0) return cast(mul(p, 0), "int32");
  const limits = constant({ shape: [1, inner.length], data: Float32Array.from(inner) });
  return cast(sum(cast(greater(p, limits), "float32"), { axes: 1, keepDims: true }), "int32");
}

/** From histograms `[n, 2]` to the counts above each threshold. */
function curveOf(histogram: HostData): Curve {
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

/** Precision between two thresholds as Davis & Goadrich (2006) interpolate it: true and false positives are linear, not their ratio. */
function interpolatedPrecision({ tp, fp, positives }: Curve): number {
  let area = 0;
  for (let at = 0; at + 1 < tp.length; at++) {
    const [above, tpNext] = [tp[at] as number, tp[at + 1] as number];
    const [p, pNext] = [above + (fp[at] as number), tpNext + (fp[at + 1] as number)];
    const slope = ratio(above - tpNext, Math.max(p - pNext, 0));
    const intercept = tpNext - slope * pNext;
    const relative = p > 0 && pNext > 0 ? p / pNext : 1;
    area += ratio(slope * (above - tpNext + intercept * Math.log(relative)), positives);
  }
  return area;
}

function riemann({ tp, fp, positives, negatives }: Curve, curve: "ROC" | "PR", method: string): number {
  const recall = tp.map((count) => ratio(count, positives));
  const x = curve === "ROC" ? fp.map((count) => ratio(count, negatives)) : recall;
  const y = curve === "ROC" ? recall : tp.map((count, index) => ratio(count, count + (fp[index] as number)));
  let area = 0;
  for (let at = 0; at + 1 < x.length; at++) {
    const [here, next] = [y[at] as number, y[at + 1] as number];
    const heights = {
      interpolation: (here + next) / 2,
      minoring: Math.min(here, next),
      majoring: Math.max(here, next),
    };
    area += ((x[at] as number) - (x[at + 1] as number)) * heights[method as keyof typeof heights];
  }
  return area;
}
