/** The metrics that are imported on demand. */
import {
  precisionAtRecall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
} from "./at_value.ts";
import { auc } from "./auc.ts";
import { falseNegatives, falsePositives, precision, recall, trueNegatives, truePositives } from "./confusion.ts";
import { f1Score, fBetaScore } from "./f_score.ts";
import type { MetricMaker } from "./metric.ts";
import { cosineSimilarityMetric, r2Score, rootMeanSquaredError } from "./regression.ts";

export const OTHER_METRICS: Readonly<Record<string, MetricMaker>> = {
  precision,
  recall,
  auc,
  precisionAtRecall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  f1Score,
  fBetaScore,
  truePositives,
  trueNegatives,
  falsePositives,
  falseNegatives,
  rootMeanSquaredError,
  cosineSimilarity: cosineSimilarityMetric,
  r2Score,
};
