/** The area under the ROC or the precision-recall curve. */
import {
  flag,
  listOf,
  type OptionKind,
  oneOf,
  optional,
  positive,
  readOptions,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { clip, sigmoid } from "../../ops/elementwise/arithmetic.ts";
import { bucketOf, type Curve, curveOf, histogramOf } from "./histogram.ts";
import { type Metric, type MetricOptions, nameOption, ratio } from "./metric.ts";

/** Options of `auc`. */
export interface AucOptions extends MetricOptions {
  /** The number of points of the curve. Default: 200. */
  readonly numThresholds?: number;
  /** Default: "ROC". */
  readonly curve?: "ROC" | "PR";
  /** Default: "interpolation". */
  readonly summationMethod?: "interpolation" | "minoring" | "majoring";
  /** Explicit thresholds from 0 to 1; 0 and 1 are added. */
  readonly thresholds?: readonly number[] | null;
  /** Whether outputs are logits. */
  readonly fromLogits?: boolean;
}

const points: OptionKind<number> = {
  expected: "a whole number of at least 2",
  read: (value) => (value === 1 ? undefined : positive.read(value)),
};

const AUC = {
  numThresholds: withDefault(points, 200),
  curve: withDefault(oneOf(["ROC", "PR"]), "ROC"),
  summationMethod: withDefault(oneOf(["interpolation", "minoring", "majoring"]), "interpolation"),
  thresholds: optional(listOf(share)),
  fromLogits: withDefault(flag, false),
  ...nameOption("auc"),
};

/**
 * The area under a curve of `numThresholds` points. The sums are two histograms of the outputs, of positives and of
 * negatives; all outputs of an example have equal weight.
 */
export function auc(options: AucOptions = {}): Metric {
  const given = readOptions("auc", AUC, options);
  const { name, numThresholds, curve, summationMethod, thresholds, fromLogits } = given;
  const inner = thresholds === null ? undefined : [...thresholds].sort((a, b) => a - b);
  const buckets = inner === undefined ? numThresholds : inner.length + 2;
  return {
    name,
    config: { id: "auc", name, numThresholds, curve, summationMethod, thresholds, fromLogits },
    direction: "up",
    update: ({ yTrue, yPred, sampleWeight }) => {
      const p = clip(fromLogits ? sigmoid(yPred) : yPred, 0, 1);
      return [histogramOf({ yTrue, yPred: p, sampleWeight }, buckets, (column) => bucketOf(column, buckets, inner))];
    },
    result: ([histogram = new Float32Array()]) => {
      const counts = curveOf(histogram);
      return curve === "PR" && summationMethod === "interpolation"
        ? interpolatedPrecision(counts)
        : riemann(counts, curve, summationMethod);
    },
  };
}

/**
 * Interpolates precision between two thresholds as in Davis & Goadrich (2006): true and false positives are
 * interpolated linearly, not their ratio.
 */
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
