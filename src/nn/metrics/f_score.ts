/** F-scores: the harmonic mean of precision and recall. */
import type { HostData } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  aboveZero,
  type OptionsOf,
  oneOf,
  optional,
  readOptions,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { formatShape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { abs, cast, greater, greaterEqual, logicalAnd, mul, sub } from "../../ops/elementwise/arithmetic.ts";
import { max, sum } from "../../ops/reduce/reduce.ts";
import { alignWeight, type Metric, type MetricOptions, nameOption } from "./metric.ts";

/** Keras's epsilon. */
const EPSILON = 1e-7;
/** The largest output of a row counts as positive only above this: a row of zeros has no positive. */
const LEAST = 1e-9;

/** Options of `f1Score`. */
export interface F1ScoreOptions extends MetricOptions {
  /** How classes are averaged; null gives one result per class. Default: null. */
  readonly average?: "micro" | "macro" | "weighted" | null;
  /** Outputs above it are positive. Default: null, only the largest of each row is positive. */
  readonly threshold?: number | null;
}

/** Options of `fBetaScore`. */
export interface FBetaScoreOptions extends F1ScoreOptions {
  /** The weight of recall relative to precision. Default: 1. */
  readonly beta?: number;
}

const F1 = {
  average: optional(oneOf(["micro", "macro", "weighted"])),
  threshold: optional(share),
  ...nameOption("f1Score"),
};

const F_BETA = { ...F1, beta: withDefault(aboveZero, 1), ...nameOption("fBetaScore") };

/** (1 + beta²)·precision·recall / (beta²·precision + recall); outputs and targets are `[B, C]`, targets 0 or 1. */
export function fBetaScore(options: FBetaScoreOptions = {}): Metric {
  const given = readOptions("fBetaScore", F_BETA, options);
  return fScore("fBetaScore", given, given.beta, { beta: given.beta });
}

/** 2·precision·recall / (precision + recall); outputs and targets are `[B, C]`, targets 0 or 1. */
export function f1Score(options: F1ScoreOptions = {}): Metric {
  return fScore("f1Score", readOptions("f1Score", F1, options), 1, {});
}

function fScore(
  id: string,
  { name, average, threshold }: OptionsOf<typeof F1>,
  beta: number,
  own: { readonly beta?: number },
): Metric {
  return {
    name,
    config: { id, name, average, threshold, ...own },
    direction: "up",
    update: ({ yTrue, yPred, sampleWeight }) => {
      if (yPred.shape.length !== 2 || yTrue.shape.length !== 2) {
        throw new ShapeError(
          `${id}: targets are ${formatShape(yTrue.shape)}, outputs ${formatShape(yPred.shape)}; expected [B, C] ` +
            "for both",
          { targets: yTrue.shape, output: yPred.shape },
        );
      }
      const largest = () =>
        logicalAnd(greaterEqual(yPred, max(yPred, { axes: -1, keepDims: true })), greater(abs(yPred), LEAST));
      const positive = cast(threshold === null ? largest() : greater(yPred, threshold), "float32");
      const axes = average === "micro" ? [0, 1] : [0];
      const weighed = (values: Value) =>
        sum(sampleWeight === undefined ? values : mul(values, alignWeight(sampleWeight, values.shape)), { axes });
      return [
        weighed(mul(positive, yTrue)),
        weighed(mul(positive, sub(1, yTrue))),
        weighed(mul(sub(1, positive), yTrue)),
      ];
    },
    result: ([right = [], wrong = [], missed = []]) => {
      const scores = Array.from(right, (tp, index) => scoreOf(tp, wrong[index] ?? 0, missed[index] ?? 0, beta));
      if (average === null) return scores;
      return averageOf(scores, average === "weighted" ? supports(right, missed) : scores.map(() => 1 / scores.length));
    },
  };
}

function scoreOf(tp: number, fp: number, fn: number, beta: number): number {
  const [precision, recall] = [tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)];
  return ((1 + beta * beta) * precision * recall) / (beta * beta * precision + recall + EPSILON);
}

/** The fraction of each class among the true labels. */
function supports(right: HostData | readonly number[], missed: HostData | readonly number[]): readonly number[] {
  const labels = Array.from(right, (tp, index) => tp + (missed[index] ?? 0));
  const total = labels.reduce((a, b) => a + b, 0);
  return labels.map((count) => count / (total + EPSILON));
}

function averageOf(scores: readonly number[], weights: readonly number[]): number {
  return scores.reduce((sum, score, index) => sum + score * (weights[index] as number), 0);
}
