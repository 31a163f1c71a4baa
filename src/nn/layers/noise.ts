/** Layers that disturb their input at random while training, and pass it through otherwise. */
import { nonNegative, readOptions, required } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { dropout as dropoutOp, type RandomSource, randomNormal, randomUniform } from "../../ops/data/random.ts";
import { add, cast, greaterEqual, mul, sub } from "../../ops/elementwise/arithmetic.ts";
import type { LayerConfig } from "./layer.ts";
import {
  DROP,
  DropNoise,
  type DropOptions,
  NOISE,
  Noise,
  type NoiseOptions,
  RATE,
  RateNoise,
  type RateOptions,
} from "./noise_base.ts";

/** Options of `spatialDropout1d`. */
export interface SpatialDropout1dOptions extends RateOptions {
  /** The share of features set to 0 while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * Dropout of whole features over all timesteps, `[B, T, D]` (Tompson et al. 2014).
 * Keras: https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
 */
export class SpatialDropout1d extends RateNoise {
  readonly className = "SpatialDropout1D";

  constructor(options: SpatialDropout1dOptions) {
    super(readOptions("spatialDropout1d", RATE, options));
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    return inputShape;
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

const GAUSSIAN_NOISE = {
  stddev: required(nonNegative),
  ...NOISE,
};

/** While training, adds normal noise. Keras: https://keras.io/api/layers/regularization_layers/gaussian_noise/ */
export class GaussianNoise extends Noise {
  readonly className = "GaussianNoise";
  readonly stddev: number;

  constructor(options: GaussianNoiseOptions) {
    const given = readOptions("gaussianNoise", GAUSSIAN_NOISE, options);
    super(given);
    this.stddev = given.stddev;
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
export interface GaussianDropoutOptions extends RateOptions {
  /** The factors' standard deviation is √(rate / (1 − rate)): 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * While training, multiplies by normal numbers around 1. Keras:
 * https://keras.io/api/layers/regularization_layers/gaussian_dropout/
 */
export class GaussianDropout extends RateNoise {
  readonly className = "GaussianDropout";

  constructor(options: GaussianDropoutOptions) {
    super(readOptions("gaussianDropout", RATE, options));
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
export interface AlphaDropoutOptions extends DropOptions {
  /** The share of inputs set to SELU's lowest value while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/** SELU's limit far below 0: −scale · α. */
const SELU_LOWEST = -1.7580993408473766;

/**
 * Dropout that keeps mean and variance of SELU's outputs (Klambauer et al. 2017).
 * Keras: https://keras.io/api/layers/regularization_layers/alpha_dropout/
 */
export class AlphaDropout extends DropNoise {
  readonly className = "AlphaDropout";

  constructor(options: AlphaDropoutOptions) {
    super("alphaDropout", readOptions("alphaDropout", DROP, options));
  }

  protected disturb(x: Value, source: RandomSource): Value {
    const { rate } = this;
    const kept = cast(greaterEqual(randomUniform(this.shapeOfNoise(x), source), rate), "float32");
    const scale = ((1 - rate) * (1 + rate * SELU_LOWEST ** 2)) ** -0.5;
    const mixed = add(mul(x, kept), mul(SELU_LOWEST, sub(1, kept)));
    return add(mul(scale, mixed), -scale * SELU_LOWEST * rate);
  }
}

/** An alpha dropout layer, to go with SELU. */
export function alphaDropout(options: AlphaDropoutOptions): AlphaDropout {
  return new AlphaDropout(options);
}
