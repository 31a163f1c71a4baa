/** Layers that change their input at random while training, and pass it through otherwise. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add, cast, greaterEqual, mul, sub } from "../../ops/arithmetic.ts";
import { dropout as dropoutOp, type RandomSource, randomNormal, randomUniform } from "../../ops/random.ts";
import { type CallContext, type CallResult, type LayerConfig, type LayerOptions, Weightless } from "./layer.ts";

/** Options of layers that draw random numbers. */
export interface NoiseOptions extends LayerOptions {
  /** Of this layer's random numbers; they follow from the model's seed when absent or null. */
  readonly seed?: number | null;
}

/** The base of layers that act while training only. */
abstract class Noise extends Weightless {
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

function expectRate(layer: string, rate: number): number {
  if (!(rate >= 0 && rate < 1)) throw new ValueError(`${layer}: rate is ${rate}; expected 0 ≤ rate < 1`, { rate });
  return rate;
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

/** Options of `dropout`. */
export interface DropoutOptions extends NoiseOptions {
  /** The share of inputs set to 0 while training: 0 ≤ rate < 1. */
  readonly rate: number;
  /** Which inputs go together: `[null, 1, null]` drops a feature at all timesteps or at none. Null stands for the input's size. */
  readonly noiseShape?: readonly (number | null)[] | null;
}

/**
 * While training, sets inputs to 0 at random and scales the rest by 1 / (1 − rate) (Srivastava et al. 2014).
 * Seeded by the model: one seed drops the same inputs at the same steps. Keras: https://keras.io/api/layers/regularization_layers/dropout/
 */
export class Dropout extends Noise {
  readonly className: string = "Dropout";
  readonly rate: number;
  readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: DropoutOptions) {
    super(options);
    this.rate = expectRate("dropout", options.rate);
    this.noiseShape = options.noiseShape ?? undefined;
  }

  get config(): LayerConfig {
    const { rate, noiseShape } = this;
    return { rate, ...(noiseShape && { noiseShape }), ...this.baseConfig };
  }

  protected get isActive(): boolean {
    return this.rate > 0;
  }

  protected disturb(x: Value, source: RandomSource): Value {
    return dropoutOp(x, this.rate, source, resolveNoiseShape("dropout", x.shape, this.noiseShape));
  }
}

/** A dropout layer. */
export function dropout(options: DropoutOptions): Dropout {
  return new Dropout(options);
}

/** Options of `spatialDropout1d`. */
export interface SpatialDropout1dOptions extends NoiseOptions {
  /** The share of features set to 0 while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * Dropout of whole features over all timesteps, `[B, T, D]` (Tompson et al. 2014).
 * Keras: https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
 */
export class SpatialDropout1d extends Noise {
  readonly className = "SpatialDropout1D";
  readonly rate: number;

  constructor(options: SpatialDropout1dOptions) {
    super(options);
    this.rate = expectRate("spatialDropout1d", options.rate);
  }

  get config(): LayerConfig {
    return { rate: this.rate, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    return inputShape;
  }

  protected get isActive(): boolean {
    return this.rate > 0;
  }

  protected disturb(x: Value, source: RandomSource): Value {
    return dropoutOp(x, this.rate, source, [x.shape[0] as number, 1, x.shape[2] as number]);
  }
}

/** A spatial dropout layer for sequences. */
export function spatialDropout1d(options: SpatialDropout1dOptions): SpatialDropout1d {
  return new SpatialDropout1d(options);
}

/** Options of `gaussianNoise`. */
export interface GaussianNoiseOptions extends NoiseOptions {
  /** The standard deviation of the noise: at least 0. */
  readonly stddev: number;
}

/** While training, adds normal noise. Keras: https://keras.io/api/layers/regularization_layers/gaussian_noise/ */
export class GaussianNoise extends Noise {
  readonly className = "GaussianNoise";
  readonly stddev: number;

  constructor(options: GaussianNoiseOptions) {
    super(options);
    if (!(options.stddev >= 0)) {
      throw new ValueError(`gaussianNoise: stddev is ${options.stddev}; expected a number ≥ 0`, {
        stddev: options.stddev,
      });
    }
    this.stddev = options.stddev;
  }

  get config(): LayerConfig {
    return { stddev: this.stddev, ...this.baseConfig };
  }

  protected get isActive(): boolean {
    return this.stddev > 0;
  }

  protected disturb(x: Value, source: RandomSource): Value {
    return add(x, mul(randomNormal(x.shape, source), this.stddev));
  }
}

/** A layer that adds normal noise. */
export function gaussianNoise(options: GaussianNoiseOptions): GaussianNoise {
  return new GaussianNoise(options);
}

/** Options of `gaussianDropout`. */
export interface GaussianDropoutOptions extends NoiseOptions {
  /** The factors' standard deviation is √(rate / (1 − rate)): 0 ≤ rate < 1. */
  readonly rate: number;
}

/** While training, multiplies by normal numbers around 1. Keras: https://keras.io/api/layers/regularization_layers/gaussian_dropout/ */
export class GaussianDropout extends Noise {
  readonly className = "GaussianDropout";
  readonly rate: number;

  constructor(options: GaussianDropoutOptions) {
    super(options);
    this.rate = expectRate("gaussianDropout", options.rate);
  }

  get config(): LayerConfig {
    return { rate: this.rate, ...this.baseConfig };
  }

  protected get isActive(): boolean {
    return this.rate > 0;
  }

  protected disturb(x: Value, source: RandomSource): Value {
    return mul(x, add(1, mul(randomNormal(x.shape, source), Math.sqrt(this.rate / (1 - this.rate)))));
  }
}

/** A layer that multiplies by normal noise. */
export function gaussianDropout(options: GaussianDropoutOptions): GaussianDropout {
  return new GaussianDropout(options);
}

/** Options of `alphaDropout`. */
export interface AlphaDropoutOptions extends NoiseOptions {
  /** The share of inputs set to SELU's lowest value while training: 0 ≤ rate < 1. */
  readonly rate: number;
  readonly noiseShape?: readonly (number | null)[] | null;
}

/** SELU's limit far below 0: −scale · α. */
const SELU_LOWEST = -1.7580993408473766;

/**
 * Dropout that keeps mean and variance of SELU's outputs (Klambauer et al. 2017).
 * Keras: https://keras.io/api/layers/regularization_layers/alpha_dropout/
 */
export class AlphaDropout extends Noise {
  readonly className = "AlphaDropout";
  readonly rate: number;
  readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: AlphaDropoutOptions) {
    super(options);
    this.rate = expectRate("alphaDropout", options.rate);
    this.noiseShape = options.noiseShape ?? undefined;
  }

  get config(): LayerConfig {
    const { rate, noiseShape } = this;
    return { rate, ...(noiseShape && { noiseShape }), ...this.baseConfig };
  }

  protected get isActive(): boolean {
    return this.rate > 0;
  }

  protected disturb(x: Value, source: RandomSource): Value {
    const { rate } = this;
    const shape = resolveNoiseShape("alphaDropout", x.shape, this.noiseShape);
    const kept = cast(greaterEqual(randomUniform(shape, source), rate), "float32");
    const scale = ((1 - rate) * (1 + rate * SELU_LOWEST ** 2)) ** -0.5;
    const mixed = add(mul(x, kept), mul(SELU_LOWEST, sub(1, kept)));
    return add(mul(scale, mixed), -scale * SELU_LOWEST * rate);
  }
}

/** An alpha dropout layer, to go with SELU. */
export function alphaDropout(options: AlphaDropoutOptions): AlphaDropout {
  return new AlphaDropout(options);
}
