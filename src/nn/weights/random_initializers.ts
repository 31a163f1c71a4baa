/** Random initializers, with Keras's names, formulas and defaults (https://keras.io/api/layers/initializers/). */

import { snakeCase } from "../../core/camel_case.ts";
import { ValueError } from "../../core/errors.ts";
import { aboveZero, integer, oneOf, optional, readOptions, withDefault } from "../../core/option_table.ts";
import { Random } from "../../core/random.ts";
import { formatShape, type Shape, sizeOf } from "../../core/shape.ts";
import { type Initializer, type InitializerConfig, moderate } from "./initializer.ts";

type Draw = (random: Random) => number;

/** The options that all random initializers share. */
export interface SeedOptions {
  /** The seed of this initializer. Default: null, derived from the model's seed. */
  readonly seed?: number | null;
}

const SEED = { seed: optional(integer) };

/** An initializer with its own seed fills all weights of the same shape with the same values. */
function seeded(config: InitializerConfig, { seed }: SeedOptions, fill: Initializer["fill"]): Initializer {
  if (seed === undefined || seed === null) return { config, fill };
  return { config: { ...config, seed }, fill: (shape) => fill(shape, new Random(seed)) };
}

/** Creates an initializer that draws elements independently. */
function drawing(config: InitializerConfig, seed: SeedOptions, draw: (shape: Shape) => Draw): Initializer {
  return seeded(config, seed, (shape, random) => {
    const next = draw(shape);
    return Float32Array.from({ length: sizeOf(shape) }, () => next(random));
  });
}

const uniform = (from: number, to: number): Draw => {
  return (random) => from + (to - from) * random.uniform();
};

const normal = (mean: number, stddev: number): Draw => {
  return (random) => mean + stddev * random.normal();
};

/** Normally distributed numbers, redrawn if they are beyond two standard deviations. */
const truncated = (mean: number, stddev: number): Draw => {
  return (random) => {
    let z = random.normal();
    while (Math.abs(z) > 2) z = random.normal();
    return mean + stddev * z;
  };
};

/** Options of `randomUniform`. */
export interface RandomUniformOptions extends SeedOptions {
  /** −0.05 when absent. */
  readonly minval?: number;
  /** 0.05 when absent. */
  readonly maxval?: number;
}

const RANDOM_UNIFORM = { minval: withDefault(moderate, -0.05), maxval: withDefault(moderate, 0.05), ...SEED };

/** Uniform in [minval, maxval). */
export function randomUniform(options: RandomUniformOptions = {}): Initializer {
  const { minval, maxval, seed } = readOptions("randomUniform", RANDOM_UNIFORM, options);
  return drawing({ name: "randomUniform", minval, maxval }, { seed }, () => uniform(minval, maxval));
}

/** Options of `randomNormal` and `truncatedNormal`. */
export interface RandomNormalOptions extends SeedOptions {
  /** Default: 0. */
  readonly mean?: number;
  /** 0.05 when absent. */
  readonly stddev?: number;
}

const RANDOM_NORMAL = { mean: withDefault(moderate, 0), stddev: withDefault(moderate, 0.05), ...SEED };

/** Normal. */
export function randomNormal(options: RandomNormalOptions = {}): Initializer {
  const { mean, stddev, seed } = readOptions("randomNormal", RANDOM_NORMAL, options);
  return drawing({ name: "randomNormal", mean, stddev }, { seed }, () => normal(mean, stddev));
}

/** A normal distribution truncated at two standard deviations from the mean. */
export function truncatedNormal(options: RandomNormalOptions = {}): Initializer {
  const { mean, stddev, seed } = readOptions("truncatedNormal", RANDOM_NORMAL, options);
  return drawing({ name: "truncatedNormal", mean, stddev }, { seed }, () => truncated(mean, stddev));
}

/** Camel case (`fanIn`) is accepted too. */
const MODES = ["fan_in", "fan_out", "fan_avg"] as const;
const DISTRIBUTIONS = ["truncated_normal", "untruncated_normal", "uniform"] as const;

/** Options of `varianceScaling`. */
export interface VarianceScalingOptions extends SeedOptions {
  /** Default: 1. */
  readonly scale?: number;
  /** The divisor of the scale: the number of inputs, of outputs, or their mean. Default: inputs. */
  readonly mode?: (typeof MODES)[number];
  readonly distribution?: (typeof DISTRIBUTIONS)[number];
}

/** The standard deviation of a standard normal distribution truncated at two standard deviations. */
const TRUNCATED_DEVIATION = 0.8796256610342398;

const VARIANCE_SCALING = {
  scale: withDefault(aboveZero, 1),
  mode: withDefault(oneOf(MODES, snakeCase), "fan_in"),
  distribution: withDefault(oneOf(DISTRIBUTIONS, snakeCase), "truncated_normal"),
  ...SEED,
};

/** Random numbers with variance scale / n, where n is the number of a unit's inputs, outputs, or their mean. */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const { scale, mode, distribution, seed } = readOptions("varianceScaling", VARIANCE_SCALING, options);
  return scaling({ name: "varianceScaling", scale, mode, distribution }, { scale, mode, distribution }, { seed });
}

function scaling(
  config: InitializerConfig,
  { scale, mode, distribution }: Required<Omit<VarianceScalingOptions, "seed">>,
  seed: SeedOptions,
): Initializer {
  return drawing(config, seed, (shape) => {
    const [fanIn, fanOut] = fans(shape);
    const count = mode === "fan_in" ? fanIn : mode === "fan_out" ? fanOut : (fanIn + fanOut) / 2;
    const divisor = Math.max(1, count);
    const variance = scale / divisor;
    if (distribution === "uniform") {
      const limit = Math.sqrt((3 * scale) / divisor);
      return uniform(-limit, limit);
    }
    if (distribution === "untruncated_normal") return normal(0, Math.sqrt(variance));
    return truncated(0, Math.sqrt(variance) / TRUNCATED_DEVIATION);
  });
}

/** The number of inputs and outputs of a unit. */
function fans(shape: Shape): [number, number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = sizeOf(shape.slice(0, -2));
  return [(shape.at(-2) as number) * field, (shape.at(-1) as number) * field];
}

const named =
  (name: string, scale: number, mode: (typeof MODES)[number], distribution: (typeof DISTRIBUTIONS)[number]) =>
  (options: SeedOptions = {}): Initializer =>
    scaling({ name }, { scale, mode, distribution }, readOptions(name, SEED, options));

/** Uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export const glorotUniform = named("glorotUniform", 1, "fan_avg", "uniform");
/** Truncated normal with variance 2 / (fanIn + fanOut) (Glorot & Bengio 2010). */
export const glorotNormal = named("glorotNormal", 1, "fan_avg", "truncated_normal");
/** Uniform in ±√(6 / fanIn) (He et al. 2015). */
export const heUniform = named("heUniform", 2, "fan_in", "uniform");
/** Truncated normal with variance 2 / fanIn (He et al. 2015). */
export const heNormal = named("heNormal", 2, "fan_in", "truncated_normal");
/** Uniform in ±√(3 / fanIn) (LeCun et al. 1998). */
export const lecunUniform = named("lecunUniform", 1, "fan_in", "uniform");
/** Truncated normal with variance 1 / fanIn, for SELU (Klambauer et al. 2017). */
export const lecunNormal = named("lecunNormal", 1, "fan_in", "truncated_normal");

/** Options of `orthogonal`. */
export interface OrthogonalInitializerOptions extends SeedOptions {
  /** Default: 1. */
  readonly gain?: number;
}

const ORTHOGONAL = { gain: withDefault(moderate, 1), ...SEED };

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2014).
 * @throws ValueError if the shape has fewer than two axes.
 */
export function orthogonal(options: OrthogonalInitializerOptions = {}): Initializer {
  const { gain, seed } = readOptions("orthogonal", ORTHOGONAL, options);
  const fill = (shape: Shape, random: Random) => {
    if (shape.length < 2) {
      throw new ValueError(`orthogonal: the shape ${formatShape(shape)} has fewer than two axes; expected a matrix`, {
        shape,
      });
    }
    const columns = shape.at(-1) as number;
    const rows = sizeOf(shape) / columns;
    const vectors = orthonormal(Math.min(rows, columns), Math.max(rows, columns), random);
    const result = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [which, along] = rows <= columns ? [row, column] : [column, row];
        result[row * columns + column] = gain * ((vectors[which] as Float64Array)[along] as number);
      }
    }
    return result;
  };
  return seeded({ name: "orthogonal", gain }, { seed }, fill);
}

/** `count` orthonormal vectors, by Gram–Schmidt applied twice: one pass loses orthogonality to rounding. */
function orthonormal(count: number, length: number, random: Random): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += (vector[i] as number) * (other[i] as number);
        for (let i = 0; i < length; i++) vector[i] = (vector[i] as number) - dot * (other[i] as number);
      }
    }
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    if (norm > 1e-8) vectors.push(vector.map((x) => x / norm));
  }
  return vectors;
}
