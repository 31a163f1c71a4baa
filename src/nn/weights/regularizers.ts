/**
 * Regularizers: penalties on weights or outputs that are added to the loss, with Keras's names, formulas and defaults
 * (https://keras.io/api/layers/regularizers/).
 */

import { ShapeError } from "../../core/errors.ts";
import { entryNamed } from "../../core/named.ts";
import { nonNegative, oneOf, readOptions, withDefault } from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";
import { formatShape } from "../../core/shape.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { abs, add, div, maximum, mul, sqrt, square, sub } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { sum } from "../../ops/reduce/reduce.ts";

/** A regularizer. `config` is its serialized form. */
export interface Regularizer {
  readonly config: RegularizerConfig;
  /** Computes the penalty for `x`, a scalar. */
  penalty(x: Value): Value;
}

/** A serialized regularizer. */
export interface RegularizerConfig {
  readonly name: string;
  readonly [option: string]: number | string;
}

/** A regularizer, its name, its saved config, or null for none. */
export type RegularizerLike = Regularizer | string | RegularizerConfig | null;

const sumOfSizes = (x: Value, factor: number) => mul(sum(abs(x)), factor);
const sumOfSquares = (x: Value, factor: number) => mul(sum(square(x)), factor);

const L1 = { l1: withDefault(nonNegative, 0.01) };
const L2 = { l2: withDefault(nonNegative, 0.01) };

/** l1 · Σ |x|. */
export function l1(l1 = 0.01): Regularizer {
  return l1Of({ l1 });
}

function l1Of(options: object): Regularizer {
  const { l1 } = readOptions("l1", L1, options);
  return { config: { name: "l1", l1 }, penalty: (x) => sumOfSizes(x, l1) };
}

/** l2 · Σ x². */
export function l2(l2 = 0.01): Regularizer {
  return l2Of({ l2 });
}

function l2Of(options: object): Regularizer {
  const { l2 } = readOptions("l2", L2, options);
  return { config: { name: "l2", l2 }, penalty: (x) => sumOfSquares(x, l2) };
}

/** Options of `l1l2`. */
export interface L1L2Options {
  /** Default: 0. */
  readonly l1?: number;
  /** Default: 0. */
  readonly l2?: number;
}

const L1_L2 = { l1: withDefault(nonNegative, 0), l2: withDefault(nonNegative, 0) };

/** l1 · Σ |x| + l2 · Σ x². */
export function l1l2(options: L1L2Options = {}): Regularizer {
  const { l1, l2 } = readOptions("l1l2", L1_L2, options);
  return {
    config: { name: "l1l2", l1, l2 },
    penalty: (x) => {
      const terms = [...(l1 > 0 ? [sumOfSizes(x, l1)] : []), ...(l2 > 0 ? [sumOfSquares(x, l2)] : [])];
      return terms.length === 0 ? scalar(0) : terms.reduce((a, b) => add(a, b));
    },
  };
}

/** Options of `orthogonalRegularizer`. */
export interface OrthogonalOptions {
  /** 0.01 when absent. */
  readonly factor?: number;
  /** The vectors of the matrix to make orthogonal. Default: the rows. */
  readonly mode?: "rows" | "columns";
}

const ORTHOGONAL = {
  factor: withDefault(nonNegative, 0.01),
  mode: withDefault(oneOf(["rows", "columns"]), "rows"),
};

/** The largest factor by which a vector is scaled to length 1: Keras's 1 / ε. */
const MIN_NORM = 1e-7;

/**
 * factor · the mean |cosine| between two different rows (or columns) of a matrix.
 * @throws ShapeError if the tensor is not a matrix.
 */
export function orthogonalRegularizer(options: OrthogonalOptions = {}): Regularizer {
  const { factor, mode } = readOptions("orthogonalRegularizer", ORTHOGONAL, options);
  return {
    config: { name: "orthogonalRegularizer", factor, mode },
    penalty: (x) => {
      if (x.shape.length !== 2) {
        throw new ShapeError(`orthogonalRegularizer: got a weight of ${formatShape(x.shape)}; expected a matrix`, {
          shape: x.shape,
        });
      }
      const [count, along] = mode === "rows" ? [x.shape[0] as number, 1] : [x.shape[1] as number, 0];
      const squares = sum(square(x), { axes: along, keepDims: true });
      // The lower bound is inside the square root, so that the gradient is finite for a vector of zeros.
      const unit = div(x, sqrt(maximum(squares, MIN_NORM ** 2)));
      const cosines = abs(matmul(unit, unit, mode === "rows" ? { transposeB: true } : { transposeA: true }));
      const own = sum(div(squares, maximum(squares, MIN_NORM ** 2)));
      return mul(sub(sum(cosines), own), factor / (count * (count - 1)));
    },
  };
}

const BY_NAME: Readonly<Record<string, (options: object) => Regularizer>> = {
  l1: l1Of,
  l2: l2Of,
  l1l2,
  orthogonalRegularizer,
};

/**
 * Resolves a regularizer; undefined for null and undefined.
 * @throws ValueError for an unknown name, listing the known ones.
 */
export function resolveRegularizer(given: RegularizerLike | undefined): Regularizer | undefined {
  if (given === null || given === undefined) return undefined;
  if (isMade("regularizer", given, "penalty")) return given as Regularizer;
  const { name, ...options } = asNamed<"name", RegularizerConfig>("regularizer", given, "name");
  const [, make] = entryNamed("regularizer", BY_NAME, name);
  return make(options);
}
