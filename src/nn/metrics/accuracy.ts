/** Accuracy metrics. */
import { finite, positive, readOptions, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import { cast, equal, greater, less, mul } from "../../ops/elementwise/arithmetic.ts";
import { argmax, sum } from "../../ops/reduce/reduce.ts";
import { classIndices } from "../losses/class_indices.ts";
import { type Metric, type MetricOptions, meanMetric, nameOption } from "./metric.ts";

/** Options of `binaryAccuracy`. */
export interface BinaryAccuracyOptions extends MetricOptions {
  /** Outputs above it are predicted as 1. Default: 0.5. */
  readonly threshold?: number;
}

/** The fraction of outputs whose prediction at `threshold` is correct. */
export function binaryAccuracy(options: BinaryAccuracyOptions = {}): Metric {
  const table = { threshold: withDefault(finite, 0.5), ...nameOption("binaryAccuracy") };
  const { threshold, name } = readOptions("binaryAccuracy", table, options);
  return meanMetric({ id: "binaryAccuracy", threshold }, name, "up", (yTrue, yPred) =>
    cast(equal(yTrue, cast(greater(yPred, threshold), "float32")), "float32"),
  );
}

/** The fraction of rows whose argmax equals that of the one-hot target. */
export function categoricalAccuracy(options: MetricOptions = {}): Metric {
  const { name } = readOptions("categoricalAccuracy", nameOption("categoricalAccuracy"), options);
  return meanMetric({ id: "categoricalAccuracy" }, name, "up", (yTrue, yPred) =>
    cast(equal(argmax(yTrue), argmax(yPred)), "float32"),
  );
}

/** The fraction of rows whose argmax equals the target's class index. */
export function sparseCategoricalAccuracy(options: MetricOptions = {}): Metric {
  const { name } = readOptions("sparseCategoricalAccuracy", nameOption("sparseCategoricalAccuracy"), options);
  return meanMetric({ id: "sparseCategoricalAccuracy" }, name, "up", (yTrue, yPred) => {
    const predicted = argmax(yPred);
    return cast(equal(reshape(cast(yTrue, "int32"), predicted.shape), predicted), "float32");
  });
}

/** Options of the top-k accuracies. */
export interface TopKOptions extends MetricOptions {
  /** Default: 5. */
  readonly k?: number;
}

/** 1 if fewer than k outputs exceed that of the class `ids` (int32, `[B, ...]`), otherwise 0. */
function inTopK(ids: Value, yPred: Value, k: number): Value {
  const classes = yPred.shape.at(-1) as number;
  const isTarget = equal(reshape(ids, [...ids.shape, 1]), classIndices(classes));
  const own = sum(mul(cast(isTarget, "float32"), yPred), { axes: -1, keepDims: true });
  return cast(less(sum(cast(greater(yPred, own), "float32"), { axes: -1 }), k), "float32");
}

const topK = (id: string) => ({ k: withDefault(positive, 5), ...nameOption(id) });

/** The fraction of rows whose true class is among the k largest outputs; targets are one-hot. */
export function topKCategoricalAccuracy(options: TopKOptions = {}): Metric {
  const { k, name } = readOptions("topKCategoricalAccuracy", topK("topKCategoricalAccuracy"), options);
  return meanMetric({ id: "topKCategoricalAccuracy", k }, name, "up", (yTrue, yPred) =>
    inTopK(argmax(yTrue), yPred, k),
  );
}

/** The fraction of rows whose true class is among the k largest outputs; targets are class indices. */
export function sparseTopKCategoricalAccuracy(options: TopKOptions = {}): Metric {
  const { k, name } = readOptions("sparseTopKCategoricalAccuracy", topK("sparseTopKCategoricalAccuracy"), options);
  return meanMetric({ id: "sparseTopKCategoricalAccuracy", k }, name, "up", (yTrue, yPred) =>
    inTopK(reshape(cast(yTrue, "int32"), yPred.shape.slice(0, -1)), yPred, k),
  );
}
