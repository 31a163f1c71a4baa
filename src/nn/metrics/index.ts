/** Metrics by Keras's names (https://keras.io/api/metrics/). */
import { ValueError } from "../../core/errors.ts";
import { plainName, Registry } from "../../core/named.ts";
import { optional, readOptions, readValue, text } from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { type Loss, type LossLike, lossNamed, resolveLoss } from "../losses/index.ts";
import {
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from "./accuracy.ts";
import { type Metric, type MetricConfig, type MetricMaker, maskedWeight, meanMetric } from "./metric.ts";

export * from "./accuracy.ts";
export * from "./at_value.ts";
export { type AucOptions, auc } from "./auc.ts";
export {
  falseNegatives,
  falsePositives,
  type PrecisionOptions,
  precision,
  recall,
  type ThresholdOptions,
  trueNegatives,
  truePositives,
} from "./confusion.ts";
export * from "./f_score.ts";
export type { Direction, Metric, MetricBatch, MetricConfig, MetricOptions } from "./metric.ts";
export * from "./regression.ts";

const METRICS = new Registry<MetricMaker>({
  what: "metric",
  common: {
    binaryAccuracy,
    categoricalAccuracy,
    sparseCategoricalAccuracy,
    topKCategoricalAccuracy,
    sparseTopKCategoricalAccuracy,
  },
  others: [
    ...["precision", "recall", "auc", "precisionAtRecall", "recallAtPrecision", "sensitivityAtSpecificity"],
    ...["specificityAtSensitivity", "f1Score", "fBetaScore", "truePositives", "trueNegatives", "falsePositives"],
    ...["falseNegatives", "rootMeanSquaredError", "cosineSimilarity", "r2Score"],
  ],
  async load() {
    const { OTHER_METRICS } = await import("./other_metrics.ts");
    return OTHER_METRICS;
  },
});

/** Creates a metric from a loss: its mean over examples. The loss's options are the metric's. */
export function lossMetric(given: LossLike, name?: string): Metric {
  const loss = resolveLoss(given);
  const label = readValue("lossMetric", "name", text, name ?? loss.config.name);
  const { name: id, ...options } = loss.config;
  const metric = meanMetric({ id, ...options }, label, "down", (yTrue, yPred) => loss.perSample(yTrue, yPred));
  const { counted } = loss;
  if (counted === undefined) return metric;
  return {
    ...metric,
    update: (batch) => {
      const { yTrue, yPred, sampleWeight } = batch;
      if (sampleWeight === undefined) return metric.update(batch);
      // As in Keras, excluded values are excluded from the sum of weights too.
      return metric.update({ ...batch, sampleWeight: maskedWeight(sampleWeight, counted(yTrue, yPred)) });
    },
  };
}

/** As in Keras, "accuracy" depends on the shapes of outputs and targets: binary for one output, otherwise by argmax. */
function accuracyFor(loss: Loss, outputWidth: number, name: string): Metric {
  const hasClassNumbers = loss.targetShape([1, outputWidth]).length < 2;
  const metric =
    outputWidth === 1
      ? binaryAccuracy({ name })
      : hasClassNumbers
        ? sparseCategoricalAccuracy({ name })
        : categoricalAccuracy({ name });
  return { ...metric, config: { id: "accuracy", name } };
}

/** A metric accepted by `compile`: a metric, its name or its config. */
export type MetricLike = Metric | string | MetricConfig;

/**
 * @throws ValueError for an unknown name, listing the known ones. @throws NotLoaded if the metric must be imported
 * first.
 */
export function resolveMetric(given: MetricLike, loss: Loss, outputWidth: number): Metric {
  if (isMade("metric", given, "update", "id")) return given as Metric;
  const { id, ...options } = asNamed<"id", MetricConfig>("metric", given, "id");
  const asked = plainName(id);
  if (asked === "accuracy" || asked === "acc") {
    const { name } = readOptions("accuracy", { name: optional(text) }, options);
    return accuracyFor(loss, outputWidth, name ?? id);
  }
  const make = METRICS.find(id);
  if (make !== undefined) return make(options as never);
  const { name, ...lossOptions } = options;
  const lossName = lossNamed(id);
  if (lossName !== undefined) {
    // As in Keras, a metric given by a short name is reported under that name.
    const given = readOptions(lossName, { name: optional(text) }, { name }).name;
    const short = given ?? (plainName(lossName) === asked ? lossName : id);
    return lossMetric(resolveLoss({ ...(lossOptions as object), name: lossName }), short);
  }
  throw new ValueError(
    `unknown metric "${id}"; expected accuracy, one of ${METRICS.names.join(", ")}, or the name of a loss`,
    { metric: id },
  );
}
