/** Losses for numbers, distributions and directions. */
import { aboveZero, integer, readOptions, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import {
  abs,
  add,
  clip,
  div,
  lessEqual,
  log,
  maximum,
  mul,
  neg,
  softplus,
  sqrt,
  square,
  sub,
  where,
} from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import { EPSILON, type Loss } from "./loss.ts";
import { meanOf, ofNumbers } from "./mean_errors.ts";

/** The mean of 100 · |y − p| / |y| over the last axis. */
export function meanAbsolutePercentageError(): Loss {
  return meanOf({ name: "meanAbsolutePercentageError" }, (y, p) =>
    mul(abs(div(sub(y, p), maximum(abs(y), EPSILON))), 100),
  );
}

/** The mean of (log(y + 1) − log(p + 1))² over the last axis. */
export function meanSquaredLogarithmicError(): Loss {
  const logarithm = (x: Value) => log(add(maximum(x, EPSILON), 1));
  return meanOf({ name: "meanSquaredLogarithmicError" }, (y, p) => square(sub(logarithm(p), logarithm(y))));
}

/** Options of `huber`. */
export interface HuberOptions {
  /** The error at which the loss changes from quadratic to linear. Default: 1. */
  readonly delta?: number;
}

/** Quadratic for small errors, linear beyond `delta`; the mean over the last axis (Huber 1964). */
export function huber(options: HuberOptions = {}): Loss {
  const name = "huber";
  const { delta } = readOptions(name, { delta: withDefault(aboveZero, 1) }, options);
  return meanOf({ name, delta }, (y, p) => {
    const error = abs(sub(p, y));
    const line = sub(mul(error, delta), 0.5 * delta * delta);
    return where(lessEqual(error, delta), mul(square(error), 0.5), line);
  });
}

/** The mean of log(cosh(p − y)) over the last axis. */
export function logCosh(): Loss {
  return meanOf({ name: "logCosh" }, (y, p) => {
    const error = sub(p, y);
    return sub(add(error, softplus(mul(error, -2))), Math.LN2);
  });
}

/** The mean of p − y·log p over the last axis. */
export function poisson(): Loss {
  return meanOf({ name: "poisson" }, (y, p) => sub(p, mul(y, log(add(p, EPSILON)))));
}

/** Σ y·log(y / p) over the last axis (Kullback & Leibler 1951). */
export function klDivergence(): Loss {
  return ofNumbers({ name: "klDivergence" }, (yTrue, yPred) => {
    const [y, p] = [clip(yTrue, EPSILON, 1), clip(yPred, EPSILON, 1)];
    return sum(mul(y, log(div(y, p))), { axes: -1 });
  });
}

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** The axis of the vectors. Default: the last one. */
  readonly axis?: number;
}

/** The cosine between y and p along `axis`, from −1 to 1; 0 if either is a zero vector. */
export function cosineOf(y: Value, p: Value, axis: number): Value {
  const unit = (x: Value) => div(x, sqrt(maximum(sum(square(x), { axes: axis, keepDims: true }), EPSILON * EPSILON)));
  return sum(mul(unit(y), unit(p)), { axes: axis });
}

/** Minus the cosine between y and p: −1 if they have the same direction. */
export function cosineSimilarity(options: CosineSimilarityOptions = {}): Loss {
  const name = "cosineSimilarity";
  const { axis } = readOptions(name, { axis: withDefault(integer, -1) }, options);
  return ofNumbers({ name, axis }, (y, p) => neg(cosineOf(y, p, axis)));
}
