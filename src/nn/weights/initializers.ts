/** Weight initializers, with Keras's names, formulas and defaults (https://keras.io/api/layers/initializers/). */

import { ShapeError } from "../../core/errors.ts";
import { entryNamed } from "../../core/named.ts";
import { readOptions, withDefault, withoutOptions } from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { type Initializer, type InitializerConfig, moderate } from "./initializer.ts";
import {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
  orthogonal,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
} from "./random_initializers.ts";

export type { Initializer, InitializerConfig } from "./initializer.ts";
export * from "./random_initializers.ts";

/** All zeros. */
export function zeros(): Initializer {
  return { config: { name: "zeros" }, fill: (shape) => new Float32Array(sizeOf(shape)) };
}

/** All ones. */
export function ones(): Initializer {
  return { config: { name: "ones" }, fill: (shape) => new Float32Array(sizeOf(shape)).fill(1) };
}

const CONSTANT = { value: withDefault(moderate, 0) };

/** All `value`. */
export function constant(value = 0): Initializer {
  return constantOf({ value });
}

function constantOf(options: object): Initializer {
  const { value } = readOptions("constant", CONSTANT, options);
  return { config: { name: "constant", value }, fill: (shape) => new Float32Array(sizeOf(shape)).fill(value) };
}

/** Options of `identity`. */
export interface IdentityOptions {
  /** Default: 1. */
  readonly gain?: number;
}

const IDENTITY = { gain: withDefault(moderate, 1) };

/**
 * `gain` on the diagonal of a matrix, zeros elsewhere.
 * @throws ShapeError if the weight is not a matrix.
 */
export function identity(options: IdentityOptions = {}): Initializer {
  const { gain } = readOptions("identity", IDENTITY, options);
  return {
    config: { name: "identity", gain },
    fill: (shape) => {
      const [rows, columns] = shape;
      if (rows === undefined || columns === undefined || shape.length !== 2) {
        throw new ShapeError(`identity: the weight is ${formatShape(shape)}; expected a matrix`, { shape });
      }
      const result = new Float32Array(rows * columns);
      for (let at = 0; at < Math.min(rows, columns); at++) result[at * columns + at] = gain;
      return result;
    },
  };
}

/** Unvalidated options from a saved model or a caller; each initializer validates its own. */
type Options = Readonly<Record<string, unknown>>;

const BY_NAME: Readonly<Record<string, (options: Options) => Initializer>> = {
  zeros: withoutOptions("zeros", zeros),
  ones: withoutOptions("ones", ones),
  constant: constantOf,
  identity,
  randomUniform,
  randomNormal,
  truncatedNormal,
  varianceScaling,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  orthogonal,
};

/** Keras's aliases, and names in older saved models. */
const ALIASES: Readonly<Record<string, string>> = {
  uniform: "randomUniform",
  normal: "randomNormal",
  zero: "zeros",
  one: "ones",
};
const OPTION_ALIASES: Readonly<Record<string, string>> = { minimum: "minval", maximum: "maxval" };

/** An initializer, its name, or its saved config. */
export type InitializerLike = Initializer | string | InitializerConfig;

/** @throws ValueError for an unknown name, listing the known ones. */
export function resolveInitializer(given: InitializerLike): Initializer {
  if (isMade("initializer", given, "fill")) return given as Initializer;
  const { name: asked, ...rest } = asNamed<"name", InitializerConfig>("initializer", given, "name");
  const [, make] = entryNamed("initializer", BY_NAME, asked, ALIASES);
  return make(
    Object.fromEntries(Object.entries(rest).map(([option, value]) => [OPTION_ALIASES[option] ?? option, value])),
  );
}
