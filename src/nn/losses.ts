/** Losses by Keras's names and formulas (https://keras.io/api/losses/). */
import { ShapeError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import type { Value } from "../graph/operation.ts";
import { abs, add, cast, clip, div, equal, log, mul, neg, softplus, square, sub } from "../ops/arithmetic.ts";
import { mean, sum } from "../ops/reduce.ts";
import { reshape } from "../ops/reshape.ts";
import { logSoftmax } from "../ops/softmax.ts";
import { logitsBehind } from "./logits.ts";
import { classIndices } from "./targets.ts";

/** Keras's epsilon: probabilities are kept this far from 0 and 1. */
const EPSILON = 1e-7;

/** A loss. `config` is what a saved model keeps. */
export interface Loss {
  readonly config: LossConfig;
  /** The loss of every sample: yPred `[B, ..., C]` -> `[B, ...]`. Its mean over all elements is what is minimised. */
  perSample(yTrue: Value, yPred: Value): Value;
  /** The shape of targets for an output of this shape (both with the batch). */
  targetShape(output: readonly number[]): readonly number[];
  /** @throws ValueError when targets are outside what the loss is defined for. */
  checkTargets(y: NdArray, output: readonly number[]): void;
}

/** A loss as data. */
export interface LossConfig {
  readonly name: string;
  readonly fromLogits?: boolean;
  readonly labelSmoothing?: number;
}

/** Options of a cross-entropy. */
export interface CrossentropyOptions {
  /** yPred holds logits instead of probabilities. */
  readonly fromLogits?: boolean;
  /** Moves targets this far towards 1/2 (binary) or 1/C (categorical). */
  readonly labelSmoothing?: number;
}

const sameAsOutput = (output: readonly number[]) => output;

function expectRange(loss: string, { data }: NdArray, low: number, high: number, hint: string): void {
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number;
    if (!(value >= low && value <= high)) {
      throw new ValueError(`${loss}: target ${index} is ${value}; expected ${low} ≤ y ≤ ${high}. ${hint}`, {
        loss,
        index,
        value,
      });
    }
  }
}

function expectFinite(loss: string, { data }: NdArray): void {
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw new ValueError(`${loss}: target ${index} is ${data[index]}; expected finite numbers`, { loss, index });
}

/** −y·log p − (1 − y)·log(1 − p), meaned over the last axis; from the logits where p is a sigmoid. */
export function binaryCrossentropy({ fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {}): Loss {
  return {
    config: { name: "binaryCrossentropy", fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange("binaryCrossentropy", y, 0, 1, "Map the two classes to 0 and 1."),
    perSample: (yTrue, yPred) => {
      const y = labelSmoothing === 0 ? yTrue : add(mul(yTrue, 1 - labelSmoothing), labelSmoothing / 2);
      const logits = fromLogits ? yPred : logitsBehind(yPred, "sigmoid");
      if (logits !== undefined) return mean(sub(softplus(logits), mul(logits, y)), { axes: -1 });
      const p = clip(yPred, EPSILON, 1 - EPSILON);
      return neg(mean(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))), { axes: -1 }));
    },
  };
}

/** log p, from the logits where p is a softmax; else from p scaled to sum 1 and clipped. */
function logProbabilities(yPred: Value, fromLogits: boolean): Value {
  const logits = fromLogits ? yPred : logitsBehind(yPred, "softmax");
  if (logits !== undefined) return logSoftmax(logits);
  return log(clip(div(yPred, sum(yPred, { axes: -1, keepDims: true })), EPSILON, 1 - EPSILON));
}

/** −Σ y·log p over the classes; y one-hot or a distribution. */
export function categoricalCrossentropy({ fromLogits = false, labelSmoothing = 0 }: CrossentropyOptions = {}): Loss {
  return {
    config: { name: "categoricalCrossentropy", fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) =>
      expectRange(
        "categoricalCrossentropy",
        y,
        0,
        1,
        "Give one-hot rows, or use sparseCategoricalCrossentropy for class numbers.",
      ),
    perSample: (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) as number;
      const y = labelSmoothing === 0 ? yTrue : add(mul(yTrue, 1 - labelSmoothing), labelSmoothing / classes);
      return neg(sum(mul(y, logProbabilities(yPred, fromLogits)), { axes: -1 }));
    },
  };
}

/** −log p of the true class; y holds class numbers. */
export function sparseCategoricalCrossentropy({
  fromLogits = false,
}: Pick<CrossentropyOptions, "fromLogits"> = {}): Loss {
  return {
    config: { name: "sparseCategoricalCrossentropy", fromLogits },
    targetShape: (output) => output.slice(0, -1),
    checkTargets: (y, output) => {
      const classes = output.at(-1) as number;
      expectRange(
        "sparseCategoricalCrossentropy",
        y,
        0,
        classes - 1,
        `The model has ${classes} outputs, one per class.`,
      );
      const index = y.data.findIndex((value) => !Number.isInteger(value));
      if (index >= 0) {
        throw new ValueError(
          `sparseCategoricalCrossentropy: target ${index} is ${y.data[index]}; expected a whole class number`,
          { index },
        );
      }
    },
    perSample: (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) as number;
      const isTrue = equal(reshape(cast(yTrue, "int32"), [...yPred.shape.slice(0, -1), 1]), classIndices(classes));
      return neg(sum(mul(cast(isTrue, "float32"), logProbabilities(yPred, fromLogits)), { axes: -1 }));
    },
  };
}

/** The mean of (y − p)² over the last axis. */
export function meanSquaredError(): Loss {
  return {
    config: { name: "meanSquaredError" },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectFinite("meanSquaredError", y),
    perSample: (yTrue, yPred) => mean(square(sub(yTrue, yPred)), { axes: -1 }),
  };
}

/** The mean of |y − p| over the last axis. */
export function meanAbsoluteError(): Loss {
  return {
    config: { name: "meanAbsoluteError" },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectFinite("meanAbsoluteError", y),
    perSample: (yTrue, yPred) => mean(abs(sub(yTrue, yPred)), { axes: -1 }),
  };
}

const BY_NAME: Readonly<Record<string, (config: LossConfig) => Loss>> = {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  meanSquaredError,
  mse: meanSquaredError,
  meanAbsoluteError,
  mae: meanAbsoluteError,
};

/** What `compile` takes. */
export type LossLike = Loss | string | LossConfig;

/** @throws ValueError that lists the known names. */
export function resolveLoss(given: LossLike): Loss {
  if (typeof given !== "string" && "perSample" in given) return given;
  const config = typeof given === "string" ? { name: given } : given;
  const name = config.name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const make = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (make === undefined) {
    throw new ValueError(`unknown loss "${config.name}"; expected one of ${Object.keys(BY_NAME).join(", ")}`, {
      loss: config.name,
    });
  }
  return make(config);
}

/**
 * Targets in the shape that the loss wants; a last axis of size 1 may be there or not, as in Keras.
 * @throws ShapeError naming both shapes.
 */
export function alignTargets(loss: Loss, y: NdArray, output: readonly number[]): NdArray {
  const expected = [y.shape[0] ?? 0, ...loss.targetShape(output).slice(1)];
  if (sameShape(y.shape, expected)) return y;
  const trimmed = (shape: readonly number[]) => (shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape);
  if (sizeOf(y.shape) === sizeOf(expected) && sameShape(trimmed(y.shape), trimmed(expected)))
    return { shape: expected, data: y.data };
  throw new ShapeError(
    `${loss.config.name}: targets are ${formatShape(y.shape)}, the model's output is ${formatShape(["B", ...output.slice(1)] as unknown as number[])}; expected targets of shape ${formatShape(["B", ...expected.slice(1)] as unknown as number[])}`,
    { targets: y.shape, output },
  );
}
