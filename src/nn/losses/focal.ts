/** Focal losses: cross-entropies that down-weight easy examples (Lin et al. 2018). */
import { flag, nonNegative, readOptions, share, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { add, exp, mul, neg, pow, sigmoid, sub } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";
import {
  BINARY_HINT,
  binaryEntropies,
  CATEGORICAL_HINT,
  CROSSENTROPY,
  type CrossentropyOptions,
  logProbabilities,
  smoothed,
} from "./crossentropy.ts";
import { expectRange, type Loss, sameAsOutput } from "./loss.ts";

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

/** Options of `binaryFocalCrossentropy`. */
export interface BinaryFocalOptions extends CrossentropyOptions {
  /** Whether to weight class 1 by alpha and class 0 by 1 − alpha. */
  readonly applyClassBalancing?: boolean;
  /** 0.25 when absent. */
  readonly alpha?: number;
  /** The focusing exponent: higher values down-weight easy examples more. Default: 2. */
  readonly gamma?: number;
}

/** Binary cross-entropy that down-weights easy examples (Lin et al. 2018); the mean over the last axis. */
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

/** Options of `categoricalFocalCrossentropy`. */
export interface CategoricalFocalOptions extends CrossentropyOptions {
  /** The weight of all classes. Default: 0.25. */
  readonly alpha?: number;
  /** The focusing exponent: higher values down-weight easy examples more. Default: 2. */
  readonly gamma?: number;
}

/** Categorical cross-entropy that down-weights easy examples (Lin et al. 2018): −Σ alpha·(1 − p)^gamma·y·log p. */
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

/** x to the power `exponent`; a multiplication if it is 2. */
function power(x: Value, exponent: number): Value {
  return exponent === 2 ? mul(x, x) : pow(x, exponent);
}
