/** Metrics of the best value of one rate at thresholds where another rate reaches a given value. */
import {
  count,
  type OptionsOf,
  optional,
  positive,
  readOptions,
  required,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { cast, clip, greater, where } from "../../ops/elementwise/arithmetic.ts";
import { ofClass } from "./confusion.ts";
import { bucketOf, type Curve, curveOf, histogramOf } from "./histogram.ts";
import { type Metric, type MetricOptions, nameOption, ratio } from "./metric.ts";

/** Options that these metrics share. */
export interface AtValueOptions extends MetricOptions {
  /** The number of points of the curve. Default: 200. */
  readonly numThresholds?: number;
  /** Evaluates only this class. */
  readonly classId?: number | null;
}

const table = (id: string) => ({
  numThresholds: withDefault(positive, 200),
  classId: optional(count),
  ...nameOption(id),
});

/** Rates at one threshold. */
interface Rates {
  readonly sensitivity: number;
  readonly specificity: number;
  readonly precision: number;
}

function ratesAt({ tp, fp, positives, negatives }: Curve, at: number): Rates {
  const [right, wrong] = [tp[at] as number, fp[at] as number];
  return {
    sensitivity: ratio(right, positives),
    specificity: ratio(negatives - wrong, negatives),
    precision: ratio(right, right + wrong),
  };
}

/** The largest `sought` among thresholds where `held` is at least `value`; 0 if there are none. */
function best(
  id: string,
  option: string,
  value: number,
  options: OptionsOf<ReturnType<typeof table>>,
  held: keyof Rates,
  sought: keyof Rates,
): Metric {
  const { name, numThresholds, classId } = options;
  // A single threshold is 1/2; several are evenly spaced from 0 to 1. The last bucket is for outputs below the first.
  const inner = numThresholds === 1 ? [0.5] : undefined;
  const isAbove = inner === undefined ? 0 : 0.5;
  return {
    name,
    config: { id, name, [option]: value, numThresholds, classId },
    direction: "up",
    update: ({ yTrue, yPred, sampleWeight }) => {
      const [y, p] = classId === null ? [yTrue, yPred] : [ofClass(yTrue, classId), ofClass(yPred, classId)];
      const bucket = (column: typeof p) => {
        const whole =
          inner === undefined ? bucketOf(column, numThresholds, undefined) : cast(greater(column, 2), "int32");
        return where(greater(column, isAbove), whole, numThresholds);
      };
      return [histogramOf({ yTrue: y, yPred: clip(p, 0, 1), sampleWeight }, numThresholds + 1, bucket)];
    },
    result: ([histogram = new Float32Array()]) => {
      const below = histogram.slice(numThresholds * 2);
      const counted = curveOf(histogram.slice(0, numThresholds * 2));
      const curve = {
        ...counted,
        positives: counted.positives + (below[0] ?? 0),
        negatives: counted.negatives + (below[1] ?? 0),
      };
      const points = counted.tp.map((_, at) => ratesAt(curve, at)).filter((rates) => rates[held] >= value);
      return points.reduce((most, rates) => Math.max(most, rates[sought]), 0);
    },
  };
}

/** Options of `sensitivityAtSpecificity`. */
export interface SensitivityAtSpecificityOptions extends AtValueOptions {
  readonly specificity: number;
}

/** The best sensitivity at thresholds where the specificity is at least `specificity`. */
export function sensitivityAtSpecificity(options: SensitivityAtSpecificityOptions): Metric {
  const id = "sensitivityAtSpecificity";
  const given = readOptions(id, { specificity: required(share), ...table(id) }, options);
  return best(id, "specificity", given.specificity, given, "specificity", "sensitivity");
}

/** Options of `specificityAtSensitivity`. */
export interface SpecificityAtSensitivityOptions extends AtValueOptions {
  readonly sensitivity: number;
}

/** The best specificity at thresholds where the sensitivity is at least `sensitivity`. */
export function specificityAtSensitivity(options: SpecificityAtSensitivityOptions): Metric {
  const id = "specificityAtSensitivity";
  const given = readOptions(id, { sensitivity: required(share), ...table(id) }, options);
  return best(id, "sensitivity", given.sensitivity, given, "sensitivity", "specificity");
}

/** Options of `precisionAtRecall`. */
export interface PrecisionAtRecallOptions extends AtValueOptions {
  readonly recall: number;
}

/** The best precision at thresholds where the recall is at least `recall`. */
export function precisionAtRecall(options: PrecisionAtRecallOptions): Metric {
  const id = "precisionAtRecall";
  const given = readOptions(id, { recall: required(share), ...table(id) }, options);
  return best(id, "recall", given.recall, given, "sensitivity", "precision");
}

/** Options of `recallAtPrecision`. */
export interface RecallAtPrecisionOptions extends AtValueOptions {
  readonly precision: number;
}

/** The best recall at thresholds where the precision is at least `precision`. */
export function recallAtPrecision(options: RecallAtPrecisionOptions): Metric {
  const id = "recallAtPrecision";
  const given = readOptions(id, { precision: required(share), ...table(id) }, options);
  return best(id, "precision", given.precision, given, "precision", "sensitivity");
}
