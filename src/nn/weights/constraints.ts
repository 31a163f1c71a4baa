/**
 * Weight constraints, applied after every step, with Keras's names, formulas and defaults
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

/** A constraint. `config` is its serialized form. */
export interface Constraint {
  readonly config: ConstraintConfig;
  /** Applies the constraint; the shape stays the same. */
  apply(weight: Value): Value;
}

/** A serialized constraint. */
export interface ConstraintConfig {
  readonly name: string;
  readonly [option: string]: number | string | readonly number[];
}

/** A constraint, its name, its saved config, or null for none. */
export type ConstraintLike = Constraint | string | ConstraintConfig | null;

/** The axes along which norms are computed. Default: 0, the inputs of a dense kernel. */
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
  /** The strength of the constraint: 1 enforces the limits fully, 0 not at all. Default: 1. */
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

/** Sets negative elements to 0. */
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
 * Resolves a constraint; undefined for null and undefined.
 * @throws ValueError for an unknown name, listing the known ones.
 */
export function resolveConstraint(given: ConstraintLike | undefined): Constraint | undefined {
  if (given === null || given === undefined) return undefined;
  if (isMade("constraint", given, "apply")) return given as Constraint;
  const { name: asked, ...options } = asNamed<"name", ConstraintConfig>("constraint", given, "name");
  const [, make] = entryNamed("constraint", BY_NAME, asked);
  return make(options);
}
