/** Metrics that count true and false positives and negatives. */
import { ShapeError } from "../../core/errors.ts";
import { optional, positive, readOptions, count as whole, withDefault } from "../../core/option_table.ts";
import { formatShape } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { broadcastTo, reshape, slice } from "../../ops/data/movement.ts";
import {
  cast,
  equal,
  greater,
  less,
  logicalAnd,
  logicalNot,
  logicalOr,
  mul,
  notEqual,
} from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { classIndices } from "../losses/class_indices.ts";
import {
  alignWeight,
  type Metric,
  type MetricBatch,
  type MetricOptions,
  nameOption,
  ratio,
  thresholdsKind,
} from "./metric.ts";

/** Options of metrics that count decisions at thresholds. */
export interface ThresholdOptions extends MetricOptions {
  /** Outputs above the threshold are positive. A list gives one result per threshold. Default: 0.5. */
  readonly thresholds?: number | readonly number[];
}

/** Options of `precision` and `recall`. */
export interface PrecisionOptions extends ThresholdOptions {
  /** Only the k largest outputs of a row count as positive; the threshold then has no default. */
  readonly topK?: number | null;
  /** Evaluates only this class. */
  readonly classId?: number | null;
}

/** Labels, decisions (0 or 1) and weights, each `[N, thresholds]`. */
interface Decisions {
  readonly label: Value;
  readonly positive: Value;
  readonly weight: Value | undefined;
}

/** Whether each output is among the k largest of its row; ties favour the first. `[..., C]` -> bool `[..., C]`. */
function isTopK(yPred: Value, k: number): Value {
  const classes = yPred.shape.at(-1) as number;
  const lead = yPred.shape.slice(0, -1);
  const self = reshape(yPred, [...lead, classes, 1]);
  const other = reshape(yPred, [...lead, 1, classes]);
  const comesFirst = less(reshape(classIndices(classes), [1, classes]), reshape(classIndices(classes), [classes, 1]));
  const isAhead = logicalOr(greater(other, self), logicalAnd(equal(other, self), comesFirst));
  return less(sum(cast(isAhead, "float32"), { axes: -1 }), k);
}

/** The column of one class. @throws ShapeError if it does not exist. */
export function ofClass(value: Value, classId: number): Value {
  const classes = value.shape.at(-1) ?? 0;
  if (classId >= classes) {
    throw new ShapeError(`classId ${classId} is not among the ${classes} columns of ${formatShape(value.shape)}`, {
      classId,
    });
  }
  const lead = value.shape.slice(0, -1);
  return slice(value, [...lead.map(() => 0), classId], [...lead, 1]);
}

function decide(batch: MetricBatch, thresholds: readonly number[], options: PrecisionOptions = {}): Decisions {
  const { topK = null, classId = null } = options;
  const chosen = topK === null ? undefined : isTopK(batch.yPred, topK);
  const part = (value: Value) => (classId === null ? value : ofClass(value, classId));
  const [yTrue, yPred] = [part(batch.yTrue), part(batch.yPred)];
  const column = (value: Value) => reshape(value, [value.shape.reduce((a, b) => a * b, 1), 1]);
  const limits = constant({ shape: [1, thresholds.length], data: Float32Array.from(thresholds) });
  const above = greater(column(yPred), limits);
  const isPositive =
    chosen === undefined ? above : logicalAnd(above, notEqual(column(part(cast(chosen, "float32"))), 0));
  const { sampleWeight } = batch;
  return {
    label: notEqual(column(yTrue), 0),
    positive: isPositive,
    weight: sampleWeight && column(broadcastTo(alignWeight(sampleWeight, yPred.shape), yPred.shape)),
  };
}

/** The weighted number of examples with this label and decision, for each threshold. */
function count({ label, positive, weight }: Decisions, isLabel: boolean, isPositive: boolean): Value {
  const both = logicalAnd(isLabel ? label : logicalNot(label), isPositive ? positive : logicalNot(positive));
  const counted = cast(both, "float32");
  return sum(weight === undefined ? counted : mul(counted, weight), { axes: 0 });
}

const listOfThresholds = (given: number | readonly number[]) => (typeof given === "number" ? [given] : given);

/** True positives divided by predicted positives (precision) or actual positives (recall). */
function positivesOver(id: "precision" | "recall", options: PrecisionOptions): Metric {
  const table = {
    thresholds: optional(thresholdsKind),
    topK: optional(positive),
    classId: optional(whole),
    ...nameOption(id),
  };
  const { name, topK, classId, thresholds: asked } = readOptions(id, table, options);
  // With topK and no threshold, the k largest outputs are positive whatever their values.
  const given = asked ?? (topK === null ? 0.5 : undefined);
  const thresholds = given === undefined ? [-1e10] : listOfThresholds(given);
  return {
    name,
    config: { id, name, ...(given === undefined ? {} : { thresholds: given }), topK, classId },
    direction: "up",
    update: (batch) => {
      const decisions = decide(batch, thresholds, { topK, classId });
      const wrong = id === "precision" ? count(decisions, false, true) : count(decisions, true, false);
      return [count(decisions, true, true), wrong];
    },
    result: ([right = [], wrong = []]) => {
      const shares = Array.from(right, (value, index) => ratio(value, value + (wrong[index] ?? 0)));
      return shares.length === 1 ? (shares[0] as number) : shares;
    },
  };
}

/** The fraction of predicted positives that are correct: tp / (tp + fp). */
export function precision(options: PrecisionOptions = {}): Metric {
  return positivesOver("precision", options);
}

/** The fraction of actual positives that are found: tp / (tp + fn). */
export function recall(options: PrecisionOptions = {}): Metric {
  return positivesOver("recall", options);
}

function counting(id: string, isLabel: boolean, isPositive: boolean) {
  return (options: ThresholdOptions = {}): Metric => {
    const table = { thresholds: withDefault(thresholdsKind, 0.5), ...nameOption(id) };
    const { name, thresholds: given } = readOptions(id, table, options);
    const thresholds = listOfThresholds(given);
    return {
      name,
      config: { id, name, thresholds: given },
      direction: isLabel === isPositive ? "up" : "down",
      update: (batch) => [count(decide(batch, thresholds), isLabel, isPositive)],
      result: ([counts = []]) => (counts.length === 1 ? (counts[0] as number) : Array.from(counts)),
    };
  };
}

/** The number of true positives. */
export const truePositives = counting("truePositives", true, true);
/** The number of true negatives. */
export const trueNegatives = counting("trueNegatives", false, false);
/** The number of false positives. */
export const falsePositives = counting("falsePositives", false, true);
/** The number of false negatives. */
export const falseNegatives = counting("falseNegatives", true, false);
