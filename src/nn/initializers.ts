/** How weights begin. Names, formulas and defaults are Keras's (https://keras.io/api/layers/initializers/). */
import { ValueError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { camelCase } from "./names.ts";

/** Fills a weight. `config` is what a saved model keeps. */
export interface Initializer {
  readonly config: InitializerConfig;
  fill(shape: Shape, random: Random): Float32Array;
}

/** An initializer as data. */
export interface InitializerConfig {
  readonly name: string;
  readonly [option: string]: number | string;
}

/** All zeros. */
export function zeros(): Initializer {
  return { config: { name: "zeros" }, fill: (shape) => new Float32Array(sizeOf(shape)) };
}

/** All ones. */
export function ones(): Initializer {
  return { config: { name: "ones" }, fill: (shape) => new Float32Array(sizeOf(shape)).fill(1) };
}

/** All `value`. */
export function constant(value = 0): Initializer {
  return { config: { name: "constant", value }, fill: (shape) => new Float32Array(sizeOf(shape)).fill(value) };
}

/** Uniform in [minimum, maximum). Keras's embedding uses ±0.05. */
export function randomUniform(minimum = -0.05, maximum = 0.05): Initializer {
  return {
    config: { name: "randomUniform", minimum, maximum },
    fill: (shape, random) =>
      Float32Array.from({ length: sizeOf(shape) }, () => minimum + (maximum - minimum) * random.uniform()),
  };
}

/** Uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010). */
export function glorotUniform(): Initializer {
  return {
    config: { name: "glorotUniform" },
    fill: (shape, random) => {
      const [fanIn, fanOut] = fans(shape);
      const limit = Math.sqrt(6 / (fanIn + fanOut));
      return randomUniform(-limit, limit).fill(shape, random);
    },
  };
}

function fans(shape: Shape): [number, number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = sizeOf(shape.slice(0, -2));
  return [(shape.at(-2) as number) * field, (shape.at(-1) as number) * field];
}

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2014).
 * @throws ValueError for a shape of less than two axes.
 */
export function orthogonal(gain = 1): Initializer {
  return {
    config: { name: "orthogonal", gain },
    fill: (shape, random) => {
      if (shape.length < 2) {
        throw new ValueError(`orthogonal: the shape ${formatShape(shape)} has less than two axes; expected a matrix`, {
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
    },
  };
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

const BY_NAME: Readonly<Record<string, (config: InitializerConfig) => Initializer>> = {
  zeros,
  ones,
  constant: ({ value }) => constant(Number(value ?? 0)),
  randomUniform: ({ minimum, maximum }) => randomUniform(Number(minimum ?? -0.05), Number(maximum ?? 0.05)),
  uniform: () => randomUniform(),
  glorotUniform: () => glorotUniform(),
  orthogonal: ({ gain }) => orthogonal(Number(gain ?? 1)),
};

/** What an option takes: an initializer, its name, or its saved config. */
export type InitializerLike = Initializer | string | InitializerConfig;

/** @throws ValueError that lists the known names. */
export function resolveInitializer(given: InitializerLike): Initializer {
  if (typeof given !== "string" && "fill" in given) return given as Initializer;
  const config: InitializerConfig = typeof given === "string" ? { name: given } : (given as InitializerConfig);
  const name = camelCase(config.name);
  const make = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (make === undefined) {
    throw new ValueError(`unknown initializer "${config.name}"; expected one of ${Object.keys(BY_NAME).join(", ")}`, {
      initializer: config.name,
    });
  }
  return make(config);
}
