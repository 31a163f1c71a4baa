/** Regression metrics. */
import type { HostData } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { count, integer, oneOf, readOptions, withDefault, withNone } from "../../core/option_table.ts";
import { formatShape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { mul, square, sub } from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { cosineOf } from "../losses/regression.ts";
import { alignWeight, type Metric, type MetricOptions, meanMetric, meanOf, meanSums, nameOption } from "./metric.ts";

/** The square root of the mean of (y − p)². As in Keras, masks are ignored. */
export function rootMeanSquaredError(options: MetricOptions = {}): Metric {
  const { name } = readOptions("rootMeanSquaredError", nameOption("rootMeanSquaredError"), options);
  return {
    name,
    config: { id: "rootMeanSquaredError", name },
    direction: "down",
    update: ({ yTrue, yPred, sampleWeight }) => meanSums(square(sub(yTrue, yPred)), sampleWeight),
    result: (sums, examples) => Math.sqrt(meanOf(sums, examples)),
  };
}

/** Options of `cosineSimilarityMetric`. */
export interface CosineMetricOptions extends MetricOptions {
  /** The axis of the vectors. Default: the last one. */
  readonly axis?: number;
}

/** The mean cosine between y and p: 1 if they have the same direction. The loss of the same name is its negative. */
export function cosineSimilarityMetric(options: CosineMetricOptions = {}): Metric {
  const table = { axis: withDefault(integer, -1), ...nameOption("cosineSimilarity") };
  const { name, axis } = readOptions("cosineSimilarity", table, options);
  return meanMetric({ id: "cosineSimilarity", axis }, name, "up", (y, p) => cosineOf(y, p, axis));
}

/** Options of `r2Score`. */
export interface R2ScoreOptions extends MetricOptions {
  /** How the scores of several outputs are aggregated; null gives one per output. Default: "uniform_average". */
  readonly classAggregation?: "uniform_average" | "variance_weighted_average" | null;
  /** The number of independent variables, for the adjusted score. Default: 0. */
  readonly numRegressors?: number;
}

const R2_SCORE = {
  classAggregation: withNone(oneOf(["uniform_average", "variance_weighted_average"]), "uniform_average", null),
  numRegressors: withDefault(count, 0),
  ...nameOption("r2Score"),
};

/** 1 − Σ(y − p)² / Σ(y − mean y)²: the fraction of variance explained. Outputs are `[B, C]`. */
export function r2Score(options: R2ScoreOptions = {}): Metric {
  const { name, classAggregation, numRegressors } = readOptions("r2Score", R2_SCORE, options);
  const scores = ([squares, totals, residuals, counts]: readonly HostData[], examples: number) =>
    Array.from(squares as HostData, (square, index) => {
      const total = totals?.[index] ?? 0;
      const variance = square - (total * total) / (counts?.[0] ?? examples);
      const score = 1 - (residuals?.[index] ?? 0) / variance;
      return { variance, score: Math.abs(score) === Number.POSITIVE_INFINITY ? 0 : score };
    });
  const adjusted = (score: number, examples: number) =>
    numRegressors === 0 || numRegressors >= examples - 1
      ? score
      : 1 - ((1 - score) * (examples - 1)) / (examples - numRegressors - 1);
  return {
    name,
    config: { id: "r2Score", name, classAggregation, numRegressors },
    direction: "up",
    update: ({ yTrue, yPred, sampleWeight }) => {
      if (yPred.shape.length !== 2) {
        throw new ShapeError(`r2Score: the output is ${formatShape(yPred.shape)}; expected [B, C]`, {
          shape: yPred.shape,
        });
      }
      const weighed = (values: Value) =>
        sum(sampleWeight === undefined ? values : mul(values, alignWeight(sampleWeight, values.shape)), { axes: 0 });
      const sums = [weighed(square(yTrue)), weighed(yTrue), weighed(square(sub(yTrue, yPred)))];
      return sampleWeight === undefined ? sums : [...sums, sum(sampleWeight)];
    },
    result: (sums, examples) => {
      const all = scores(sums, examples);
      if (classAggregation === null) return all.map(({ score }) => adjusted(score, examples));
      const weights = all.map(({ variance }) => (classAggregation === "uniform_average" ? 1 : variance));
      const weight = weights.reduce((a, b) => a + b, 0);
      const mean = all.reduce((sum, { score }, index) => sum + score * (weights[index] as number), 0) / weight;
      return adjusted(mean, examples);
    },
  };
}
