/** Metrics by Keras's names (https://keras.io/api/metrics/). Each is a mean over samples, kept as a sum on the GPU. */
import { ValueError } from "../core/errors.ts";
import type { Value } from "../graph/operation.ts";
import { abs, cast, equal, greater, sub } from "../ops/arithmetic.ts";
import { argmax, mean } from "../ops/reduce.ts";
import { reshape } from "../ops/reshape.ts";
import type { Loss } from "./losses.ts";

/** A metric that is a mean of per-sample values. */
export interface Metric {
  readonly name: string;
  /** What a saved model keeps: a name that `resolveMetric` takes. */
  readonly id: string;
  /** yPred `[B, ..., C]` -> `[B, ...]`. */
  perSample(yTrue: Value, yPred: Value): Value;
}

/** The share of outputs on the right side of `threshold`. */
export function binaryAccuracy(threshold = 0.5): Metric {
  return {
    name: "binaryAccuracy",
    id: "binaryAccuracy",
    perSample: (yTrue, yPred) =>
      mean(cast(equal(yTrue, cast(greater(yPred, threshold), "float32")), "float32"), { axes: -1 }),
  };
}

/** The share of rows whose largest output is the one of the one-hot target. */
export function categoricalAccuracy(): Metric {
  return {
    name: "categoricalAccuracy",
    id: "categoricalAccuracy",
    perSample: (yTrue, yPred) => cast(equal(argmax(yTrue), argmax(yPred)), "float32"),
  };
}

/** The share of rows whose largest output is the target's class number. */
export function sparseCategoricalAccuracy(): Metric {
  return {
    name: "sparseCategoricalAccuracy",
    id: "sparseCategoricalAccuracy",
    perSample: (yTrue, yPred) => {
      const predicted = argmax(yPred);
      return cast(equal(reshape(cast(yTrue, "int32"), predicted.shape), predicted), "float32");
    },
  };
}

/** The mean of |y − p|. */
export function meanAbsoluteErrorMetric(): Metric {
  return {
    name: "meanAbsoluteError",
    id: "meanAbsoluteError",
    perSample: (yTrue, yPred) => mean(abs(sub(yTrue, yPred)), { axes: -1 }),
  };
}

/** "accuracy" means what the loss and the output's width say, as in Keras. */
function accuracyFor(loss: Loss, outputWidth: number): Metric {
  const metric =
    loss.config.name === "sparseCategoricalCrossentropy"
      ? sparseCategoricalAccuracy()
      : loss.config.name === "categoricalCrossentropy" && outputWidth > 1
        ? categoricalAccuracy()
        : binaryAccuracy();
  return { ...metric, name: "accuracy", id: "accuracy" };
}

/** What `compile` takes. */
export type MetricLike = Metric | string;

/** @throws ValueError that lists the known names. */
export function resolveMetric(given: MetricLike, loss: Loss, outputWidth: number): Metric {
  if (typeof given !== "string") return given;
  const name = given.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  switch (name) {
    case "accuracy":
    case "acc":
      return accuracyFor(loss, outputWidth);
    case "binaryAccuracy":
      return binaryAccuracy();
    case "categoricalAccuracy":
      return categoricalAccuracy();
    case "sparseCategoricalAccuracy":
      return sparseCategoricalAccuracy();
    case "meanAbsoluteError":
    case "mae":
      return { ...meanAbsoluteErrorMetric(), name: given, id: given };
    default:
      throw new ValueError(
        `unknown metric "${given}"; expected accuracy, binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy or meanAbsoluteError`,
        { metric: given },
      );
  }
}
