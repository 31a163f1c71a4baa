/** What layers that change their input at random while training have in common. */
import { ShapeError } from "../../core/errors.ts";
import {
  integer,
  type OptionKind,
  type OptionsOf,
  optional,
  positive,
  rate,
  required,
} from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import type { RandomSource } from "../../ops/data/random.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Weightless } from "./weightless.ts";

/** Options of layers that draw random numbers. */
export interface NoiseOptions extends LayerOptions {
  /** Of this layer's random numbers; they follow from the model's seed when absent or null. */
  readonly seed?: number | null;
}

/** The table of what such layers share. */
export const NOISE = {
  seed: optional(integer),
  ...LAYER,
};

/** The base of layers that act while training only. */
export abstract class Noise extends Weightless {
  readonly seed: number | undefined;

  constructor(given: OptionsOf<typeof NOISE>) {
    super(given);
    this.seed = given.seed ?? undefined;
  }

  /** The training's output. */
  protected abstract disturb(x: Value, source: RandomSource): Value;

  /** False where training changes nothing. */
  protected abstract get isActive(): boolean;

  protected override get baseConfig(): LayerConfig {
    return { ...super.baseConfig, ...(this.seed !== undefined && { seed: this.seed }) };
  }

  compute(x: Value, context: CallContext): CallResult {
    if (!context.training || !this.isActive) return { output: x, mask: context.mask };
    const source = context.random();
    return {
      output: this.disturb(x, this.seed === undefined ? source : { ...source, seed: this.seed }),
      mask: context.mask,
    };
  }
}

/** Options of layers that disturb a share of their input. */
export interface RateOptions extends NoiseOptions {
  /** The share of inputs to disturb while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/** The table of such layers. */
export const RATE = {
  rate: required(rate),
  ...NOISE,
};

/** The base of layers that disturb a share of their input. */
export abstract class RateNoise extends Noise {
  readonly rate: number;

  constructor(given: OptionsOf<typeof RATE>) {
    super(given);
    this.rate = given.rate;
  }

  get config(): LayerConfig {
    return { rate: this.rate, ...this.baseConfig };
  }

  protected get isActive(): boolean {
    return this.rate > 0;
  }
}

/** Options of layers that drop inputs. */
export interface DropOptions extends RateOptions {
  /**
   * Which inputs go together: `[null, 1, null]` drops a feature at all timesteps or at none. Null stands for the
   * input's size.
   */
  readonly noiseShape?: readonly (number | null)[] | null;
}

/** A size, or null for the input's own. */
const sizes: OptionKind<readonly (number | null)[]> = {
  expected: "a list, each null or a whole number of at least 1",
  read: (value) =>
    Array.isArray(value) && Array.from(value).every((size) => size === null || positive.read(size) !== undefined)
      ? Array.from(value)
      : undefined,
};

/** The table of such layers. */
export const DROP = {
  noiseShape: optional(sizes),
  ...RATE,
};

/** The base of layers that drop inputs, some of them together. */
export abstract class DropNoise extends RateNoise {
  readonly noiseShape: readonly (number | null)[] | undefined;
  readonly #layer: string;

  constructor(layer: string, given: OptionsOf<typeof DROP>) {
    super(given);
    this.#layer = layer;
    this.noiseShape = given.noiseShape ?? undefined;
  }

  override get config(): LayerConfig {
    const { rate, noiseShape } = this;
    return { rate, ...(noiseShape && { noiseShape }), ...this.baseConfig };
  }

  /** The shape of the random numbers for an input. */
  protected shapeOfNoise(x: Value): Shape {
    return resolveNoiseShape(this.#layer, x.shape, this.noiseShape);
  }
}

/** The shape of the random numbers: `noiseShape` with null replaced by the input's own size. */
function resolveNoiseShape(layer: string, x: Shape, noiseShape: readonly (number | null)[] | undefined): Shape {
  if (noiseShape === undefined) return x;
  const shape = noiseShape.map((size, axis) => size ?? x[axis] ?? 1);
  if (shape.length !== x.length || shape.some((size, axis) => size !== 1 && size !== x[axis])) {
    throw new ShapeError(
      `${layer}: noiseShape is [${noiseShape.join(", ")}], the input ${formatShape(x)}; expected one entry per ` +
        "axis (the batch too): the axis's size, null for it, or 1",
      { noiseShape, shape: x },
    );
  }
  return shape;
}
