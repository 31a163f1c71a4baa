/**
 * Limits on weights, kept after every step. Names, formulas and defaults are Keras's
 * (https://keras.io/api/layers/constraints/).
 */

import { ValueError } from "../../core/errors.ts";
import { entryNamed } from "../../core/named.ts";
import {
  either,
  integer,
  listOf,
  nonNegative,
  readOptions,
  withDefault,
  withoutOptions,
} from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import type { Value } from "../../graph/operation.ts";
import { add, clip, div, maximum, mul, sqrt, square } from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";

/** A limit. `config` is what a saved model keeps. */
export interface Constraint {
  readonly config: ConstraintConfig;
  /** The weight brought within the limit; its shape stays. */
  apply(weight: Value): Value;
}

/** A constraint as data. */
export interface ConstraintConfig {
  readonly name: string;
  readonly [option: string]: number | string | readonly number[];
}

/** What an option takes: a constraint, its name, its saved config, or null for none. */
export type ConstraintLike = Constraint | string | ConstraintConfig | null;

/** Along which axes a vector lies whose norm is limited: Default: 0, the inputs of a dense kernel,. */
type Axis = number | readonly number[];

const AXIS = { axis: withDefault(either(integer, listOf(integer)), 0) };

const EPSILON = 1e-7;

function norms(weight: Value, axis: Axis): Value {
  return sqrt(sum(square(weight), { axes: axis, keepDims: true }));
}

/** Options of `maxNorm`. */
export interface MaxNormOptions {
  /** Default: 2. */
  readonly maxValue?: number;
  readonly axis?: Axis;
}

const MAX_NORM = { maxValue: withDefault(nonNegative, 2), ...AXIS };

/** Scales each vector down to an L2 norm of at most `maxValue`. */
export function maxNorm(options: MaxNormOptions = {}): Constraint {
  const { maxValue, axis } = readOptions("maxNorm", MAX_NORM, options);
  return {
    config: { name: "maxNorm", maxValue, axis },
    apply: (weight) => {
      const size = norms(weight, axis);
      return mul(weight, div(clip(size, 0, maxValue), add(size, EPSILON)));
    },
  };
}

/** Options of `minMaxNorm`. */
export interface MinMaxNormOptions {
  /** Default: 0. */
  readonly minValue?: number;
  /** Default: 1. */
  readonly maxValue?: number;
  /** How much of the way to the limits a step goes. Default: 1, all of it,. */
  readonly rate?: number;
  readonly axis?: Axis;
}

const MIN_MAX_NORM = {
  minValue: withDefault(nonNegative, 0),
  maxValue: withDefault(nonNegative, 1),
  rate: withDefault(nonNegative, 1),
  ...AXIS,
};

/** Scales each vector towards an L2 norm between `minValue` and `maxValue`. */
export function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  const { minValue, maxValue, rate, axis } = readOptions("minMaxNorm", MIN_MAX_NORM, options);
  if (minValue > maxValue) {
    throw new ValueError(`minMaxNorm: minValue is ${minValue}, maxValue ${maxValue}; expected minValue ≤ maxValue`, {
      minValue,
      maxValue,
    });
  }
  return {
    config: { name: "minMaxNorm", minValue, maxValue, rate, axis },
    apply: (weight) => {
      const size = norms(weight, axis);
      const wanted = add(mul(rate, clip(size, minValue, maxValue)), mul(1 - rate, size));
      return mul(weight, div(wanted, add(size, EPSILON)));
    },
  };
}

/** No element is below 0. */
export function nonNeg(): Constraint {
  return { config: { name: "nonNeg" }, apply: (weight) => maximum(weight, 0) };
}

/** Options of `unitNorm`. */
export interface UnitNormOptions {
  readonly axis?: Axis;
}

/** Scales each vector to an L2 norm of 1. */
export function unitNorm(options: UnitNormOptions = {}): Constraint {
  const { axis } = readOptions("unitNorm", AXIS, options);
  return {
    config: { name: "unitNorm", axis },
    apply: (weight) => div(weight, add(norms(weight, axis), EPSILON)),
  };
}

const BY_NAME: Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => Constraint>> = {
  maxNorm,
  minMaxNorm,
  nonNeg: withoutOptions("nonNeg", nonNeg),
  unitNorm,
};

/**
 * The constraint that was asked for; undefined for null and undefined.
 * @throws ValueError that lists the known names.
 */
export function resolveConstraint(given: ConstraintLike | undefined): Constraint | undefined {
  if (given === null || given === undefined) return undefined;
  if (isMade("constraint", given, "apply")) return given as Constraint;
  const { name: asked, ...options } = asNamed<"name", ConstraintConfig>("constraint", given, "name");
  const [, make] = entryNamed("constraint", BY_NAME, asked);
  return make(options);
}
