/** What layers that change their input at random while training have in common. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import type { RandomSource } from "../../ops/data/random.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { Weightless } from "./weightless.ts";

/** Options of layers that draw random numbers. */
export interface NoiseOptions extends LayerOptions {
  /** Of this layer's random numbers; they follow from the model's seed when absent or null. */
  readonly seed?: number | null;
}

/** The base of layers that act while training only. */
export abstract class Noise extends Weightless {
  readonly seed: number | undefined;

  constructor(options: NoiseOptions) {
    super(options);
    this.seed = options.seed ?? undefined;
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

/** The base of layers that disturb a share of their input. */
export abstract class RateNoise extends Noise {
  readonly rate: number;

  /** @throws ValueError for a rate that is no share. */
  constructor(layer: string, options: RateOptions) {
    super(options);
    const { rate } = options;
    if (!(rate >= 0 && rate < 1)) throw new ValueError(`${layer}: rate is ${rate}; expected 0 ≤ rate < 1`, { rate });
    this.rate = rate;
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
  /** Which inputs go together: `[null, 1, null]` drops a feature at all timesteps or at none. Null stands for the input's size. */
  readonly noiseShape?: readonly (number | null)[] | null;
}

/** The base of layers that drop inputs, some of them together. */
export abstract class DropNoise extends RateNoise {
  readonly noiseShape: readonly (number | null)[] | undefined;
  readonly #layer: string;

  constructor(layer: string, options: DropOptions) {
    super(layer, options);
    this.#layer = layer;
    this.noiseShape = options.noiseShape ?? undefined;
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
      `${layer}: noiseShape is [${noiseShape.join(", ")}], the input ${formatShape(x)}; expected one entry per axis (the batch too): the axis's size, null for it, or 1`,
      { noiseShape, shape: x },
    );
  }
  return shape;
}
