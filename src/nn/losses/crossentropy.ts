/** Cross-entropy losses. */
import { ValueError } from "../../core/errors.ts";
import { flag, integer, optional, readOptions, share, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import {
  add,
  cast,
  clip,
  div,
  equal,
  log,
  mul,
  neg,
  notEqual,
  softplus,
  sub,
  where,
} from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";
import { logSoftmax } from "../../ops/reduce/softmax.ts";
import { logitsBehind } from "../activations/logits.ts";
import { classIndices } from "./class_indices.ts";
import { EPSILON, expectRange, type Loss, sameAsOutput } from "./loss.ts";

/** Options of a cross-entropy. */
export interface CrossentropyOptions {
  /** Whether yPred contains logits instead of probabilities. */
  readonly fromLogits?: boolean;
  /** Moves targets this far towards 1/2 (binary) or 1/C (categorical). */
  readonly labelSmoothing?: number;
}

/** The option table of `CrossentropyOptions`. */
export const CROSSENTROPY = { fromLogits: withDefault(flag, false), labelSmoothing: withDefault(share, 0) };
const SPARSE = { fromLogits: CROSSENTROPY.fromLogits, ignoreClass: optional(integer) };

/** Applies label smoothing: moves targets towards `towards`. */
export function smoothed(yTrue: Value, labelSmoothing: number, towards: number): Value {
  return labelSmoothing === 0 ? yTrue : add(mul(yTrue, 1 - labelSmoothing), labelSmoothing * towards);
}

/** The advice in errors about targets out of range. */
export const BINARY_HINT = "Map the two classes to 0 and 1.";
export const CATEGORICAL_HINT = "Give one-hot rows, or use sparseCategoricalCrossentropy for class indices.";

/** −y·log p − (1 − y)·log(1 − p) of each element; computed from the logits if p is a sigmoid. */
export function binaryEntropies(y: Value, yPred: Value, fromLogits: boolean): Value {
  const logits = fromLogits ? yPred : logitsBehind(yPred, "sigmoid");
  if (logits !== undefined) return sub(softplus(logits), mul(logits, y));
  const p = clip(yPred, EPSILON, 1 - EPSILON);
  return neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))));
}

/** The mean of −y·log p − (1 − y)·log(1 − p) over the last axis; computed from the logits if p is a sigmoid. */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "binaryCrossentropy";
  const { fromLogits, labelSmoothing } = readOptions(name, CROSSENTROPY, options);
  return {
    config: { name, fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange(name, y, 0, 1, BINARY_HINT),
    perSample: (yTrue, yPred) =>
      mean(binaryEntropies(smoothed(yTrue, labelSmoothing, 1 / 2), yPred, fromLogits), { axes: -1 }),
  };
}

/** log p, computed from the logits if p is a softmax, otherwise from p normalised to sum 1 and clipped. */
export function logProbabilities(yPred: Value, fromLogits: boolean): Value {
  const logits = fromLogits ? yPred : logitsBehind(yPred, "softmax");
  if (logits !== undefined) return logSoftmax(logits);
  return log(clip(div(yPred, sum(yPred, { axes: -1, keepDims: true })), EPSILON, 1 - EPSILON));
}

/** −Σ y·log p over the classes; y one-hot or a distribution. */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = "categoricalCrossentropy";
  const { fromLogits, labelSmoothing } = readOptions(name, CROSSENTROPY, options);
  return {
    config: { name, fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange(name, y, 0, 1, CATEGORICAL_HINT),
    perSample: (yTrue, yPred) => {
      const y = smoothed(yTrue, labelSmoothing, 1 / (yPred.shape.at(-1) as number));
      return neg(sum(mul(y, logProbabilities(yPred, fromLogits)), { axes: -1 }));
    },
  };
}

/** Options of `sparseCategoricalCrossentropy`. */
export interface SparseCrossentropyOptions extends Pick<CrossentropyOptions, "fromLogits"> {
  /** Targets of this class are ignored, as if masked; for example −1, or 0 for padding. */
  readonly ignoreClass?: number | null;
}

/** −log p of the true class; y contains class indices. */
export function sparseCategoricalCrossentropy(options: SparseCrossentropyOptions = {}): Loss {
  const name = "sparseCategoricalCrossentropy";
  const given = readOptions(name, SPARSE, options);
  const { fromLogits } = given;
  const ignoreClass = given.ignoreClass ?? undefined;
  const counted = ignoreClass === undefined ? undefined : (yTrue: Value) => notEqual(yTrue, ignoreClass);
  return {
    config: { name, fromLogits, ...(ignoreClass !== undefined && { ignoreClass }) },
    targetShape: (output) => output.slice(0, -1),
    checkTargets: ({ shape, data }, output) => {
      const classes = output.at(-1) as number;
      const known = data.map((value) => (value === ignoreClass ? 0 : value));
      expectRange(name, { shape, data: known }, 0, classes - 1, `The model has ${classes} outputs, one per class.`);
      const index = known.findIndex((value) => !Number.isInteger(value));
      if (index >= 0) {
        throw new ValueError(`${name}: target ${index} is ${data[index]}; expected an integer class index`, { index });
      }
    },
    counted,
    perSample: (yTrue, yPred) => {
      const classes = yPred.shape.at(-1) as number;
      const isTrue = equal(reshape(cast(yTrue, "int32"), [...yPred.shape.slice(0, -1), 1]), classIndices(classes));
      const entropy = neg(sum(mul(cast(isTrue, "float32"), logProbabilities(yPred, fromLogits)), { axes: -1 }));
      return counted === undefined ? entropy : where(reshape(counted(yTrue), entropy.shape), entropy, 0);
    },
  };
}
