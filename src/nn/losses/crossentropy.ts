/** Losses of classifiers. */
import { ValueError } from "../../core/errors.ts";
import { flag, integer, nonNegative, optional, readOptions, share, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/reshape.ts";
import {
  add,
  cast,
  clip,
  div,
  equal,
  exp,
  log,
  mul,
  neg,
  notEqual,
  pow,
  sigmoid,
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
  /** yPred holds logits instead of probabilities. */
  readonly fromLogits?: boolean;
  /** Moves targets this far towards 1/2 (binary) or 1/C (categorical). */
  readonly labelSmoothing?: number;
}

const CROSSENTROPY = { fromLogits: withDefault(flag, false), labelSmoothing: withDefault(share, 0) };
const CATEGORICAL_FOCAL = {
  alpha: withDefault(nonNegative, 0.25),
  gamma: withDefault(nonNegative, 2),
  ...CROSSENTROPY,
};
const BINARY_FOCAL = {
  applyClassBalancing: withDefault(flag, false),
  alpha: withDefault(share, 0.25),
  gamma: CATEGORICAL_FOCAL.gamma,
  ...CROSSENTROPY,
};
const SPARSE = { fromLogits: CROSSENTROPY.fromLogits, ignoreClass: optional(integer) };

/** Targets moved towards `towards`, and by how much. */
function smoothed(yTrue: Value, labelSmoothing: number, towards: number): Value {
  return labelSmoothing === 0 ? yTrue : add(mul(yTrue, 1 - labelSmoothing), labelSmoothing * towards);
}

const BINARY_HINT = "Map the two classes to 0 and 1.";
const CATEGORICAL_HINT = "Give one-hot rows, or use sparseCategoricalCrossentropy for class numbers.";

/** −y·log p − (1 − y)·log(1 − p) of each element; from the logits where p is a sigmoid. */
function binaryEntropies(y: Value, yPred: Value, fromLogits: boolean): Value {
  const logits = fromLogits ? yPred : logitsBehind(yPred, "sigmoid");
  if (logits !== undefined) return sub(softplus(logits), mul(logits, y));
  const p = clip(yPred, EPSILON, 1 - EPSILON);
  return neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))));
}

/** −y·log p − (1 − y)·log(1 − p), meaned over the last axis; from the logits where p is a sigmoid. */
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

/** Options of `binaryFocalCrossentropy`. */
export interface BinaryFocalOptions extends CrossentropyOptions {
  /** Weigh the classes by alpha (1) and 1 − alpha (0). */
  readonly applyClassBalancing?: boolean;
  /** 0.25 when absent. */
  readonly alpha?: number;
  /** How much easy examples count less; 2 when absent. */
  readonly gamma?: number;
}

/** Binary cross-entropy that counts easy examples less (Lin et al. 2018), meaned over the last axis. */
export function binaryFocalCrossentropy(options: BinaryFocalOptions = {}): Loss {
  const name = "binaryFocalCrossentropy";
  const given = readOptions(name, BINARY_FOCAL, options);
  const { applyClassBalancing, alpha, gamma, fromLogits, labelSmoothing } = given;
  return {
    config: { name, applyClassBalancing, alpha, gamma, fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange(name, y, 0, 1, BINARY_HINT),
    perSample: (yTrue, yPred) => {
      const y = smoothed(yTrue, labelSmoothing, 1 / 2);
      const p = fromLogits ? sigmoid(yPred) : yPred;
      const right = add(mul(y, p), mul(sub(1, y), sub(1, p)));
      const focal = mul(power(sub(1, right), gamma), binaryEntropies(y, yPred, fromLogits));
      const balance = add(mul(y, alpha), mul(sub(1, y), 1 - alpha));
      return mean(applyClassBalancing ? mul(balance, focal) : focal, { axes: -1 });
    },
  };
}

/** x to the power `exponent`; a square without a logarithm. */
function power(x: Value, exponent: number): Value {
  return exponent === 2 ? mul(x, x) : pow(x, exponent);
}

/** log p, from the logits where p is a softmax; else from p scaled to sum 1 and clipped. */
function logProbabilities(yPred: Value, fromLogits: boolean): Value {
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

/** Options of `categoricalFocalCrossentropy`. */
export interface CategoricalFocalOptions extends CrossentropyOptions {
  /** The weight of all classes; 0.25 when absent. */
  readonly alpha?: number;
  /** How much easy examples count less; 2 when absent. */
  readonly gamma?: number;
}

/** Categorical cross-entropy that counts easy examples less (Lin et al. 2018): −Σ alpha·(1 − p)^gamma·y·log p. */
export function categoricalFocalCrossentropy(options: CategoricalFocalOptions = {}): Loss {
  const name = "categoricalFocalCrossentropy";
  const { alpha, gamma, fromLogits, labelSmoothing } = readOptions(name, CATEGORICAL_FOCAL, options);
  return {
    config: { name, alpha, gamma, fromLogits, labelSmoothing },
    targetShape: sameAsOutput,
    checkTargets: (y) => expectRange(name, y, 0, 1, CATEGORICAL_HINT),
    perSample: (yTrue, yPred) => {
      const y = smoothed(yTrue, labelSmoothing, 1 / (yPred.shape.at(-1) as number));
      const logP = logProbabilities(yPred, fromLogits);
      const focus = mul(power(sub(1, exp(logP)), gamma), alpha);
      return neg(sum(mul(focus, mul(y, logP)), { axes: -1 }));
    },
  };
}

/** Options of `sparseCategoricalCrossentropy`. */
export interface SparseCrossentropyOptions extends Pick<CrossentropyOptions, "fromLogits"> {
  /** Targets of this class do not count, as if a mask left them out: −1, or padding's 0. */
  readonly ignoreClass?: number | null;
}

/** −log p of the true class; y holds class numbers. */
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
        throw new ValueError(`${name}: target ${index} is ${data[index]}; expected a whole class number`, { index });
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
