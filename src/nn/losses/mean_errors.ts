/** The mean squared and mean absolute error, and helpers of regression losses. */
import type { Value } from "../../graph/operation.ts";
import { abs, square, sub } from "../../ops/elementwise/arithmetic.ts";
import { mean } from "../../ops/reduce/reduce.ts";
import { expectFinite, type Loss, type LossConfig, sameAsOutput } from "./loss.ts";

/** Creates a loss for finite targets of the output's shape. */
export function ofNumbers(config: LossConfig, perSample: Loss["perSample"]): Loss {
  return { config, targetShape: sameAsOutput, checkTargets: (y) => expectFinite(config.name, y), perSample };
}

/** Creates a loss that averages an element-wise loss over the last axis. */
export function meanOf(config: LossConfig, element: (yTrue: Value, yPred: Value) => Value): Loss {
  return ofNumbers(config, (yTrue, yPred) => mean(element(yTrue, yPred), { axes: -1 }));
}

/** The mean of (y − p)² over the last axis. */
export function meanSquaredError(): Loss {
  return meanOf({ name: "meanSquaredError" }, (y, p) => square(sub(y, p)));
}

/** The mean of |y − p| over the last axis. */
export function meanAbsoluteError(): Loss {
  return meanOf({ name: "meanAbsoluteError" }, (y, p) => abs(sub(y, p)));
}
