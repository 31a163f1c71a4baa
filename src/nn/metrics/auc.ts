/** The area under the ROC or the precision-recall curve. */
import { ValueError } from "../../core/errors.ts";
import { expectOptions } from "../../core/options.ts";
import { clip, sigmoid } from "../../ops/elementwise/arithmetic.ts";
import { bucketOf, type Curve, curveOf, histogramOf } from "./histogram.ts";
import { checkShare, type Metric, type MetricOptions, ratio } from "./metric.ts";

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

/**
 * The area under a curve of `numThresholds` points. The sums are two histograms of the outputs, of positives and of
 * negatives; all outputs of an example count alike.
 */
export function auc(options: AucOptions = {}): Metric {
  const { name = "auc", numThresholds = 200, curve = "ROC", summationMethod = "interpolation" } = options;
  const { thresholds = null, fromLogits = false } = options;
  expectOptions("auc", options, { name, numThresholds, curve, summationMethod, thresholds, fromLogits });
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
