/** Layer and batch normalisation. */
import { ShapeError } from "../../core/errors.ts";
import {
  either,
  flag,
  integer,
  listOf,
  nonNegative,
  type OptionsOf,
  readOptions,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { formatShape, normalizeAxis, type Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { reshape } from "../../ops/data/movement.ts";
import { add, cast, div, mul, sqrt, square, sub } from "../../ops/elementwise/arithmetic.ts";
import { mean, sum } from "../../ops/reduce/reduce.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { LAYER, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

/** What both normalisations take. */
interface NormalizationOptions extends LayerOptions, WeightOptions<"beta">, WeightOptions<"gamma"> {
  /** Added to the variance; 0.001 when absent. */
  readonly epsilon?: number;
  /** Add the learned β; true when absent. */
  readonly center?: boolean;
  /** Multiply by the learned γ; true when absent. */
  readonly scale?: boolean;
}

const NORMALIZATION = {
  epsilon: withDefault(nonNegative, 1e-3),
  center: withDefault(flag, true),
  scale: withDefault(flag, true),
  ...weightTable("beta", "zeros"),
  ...weightTable("gamma", "ones"),
  ...LAYER,
};

abstract class Normalization extends Layer {
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  protected readonly gamma: WeightRule;
  protected readonly beta: WeightRule;

  constructor(given: OptionsOf<typeof NORMALIZATION>) {
    super(given);
    this.epsilon = given.epsilon;
    this.center = given.center;
    this.scale = given.scale;
    this.gamma = new WeightRule("gamma", given);
    this.beta = new WeightRule("beta", given);
  }

  outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  /** Options that both normalisations have. */
  protected get sharedConfig(): LayerConfig {
    const { epsilon, center, scale } = this;
    return { epsilon, center, scale, ...this.beta.config, ...this.gamma.config, ...this.baseConfig };
  }

  /** γ and β of this shape, where the layer has them. */
  protected affineSpecs(shape: Shape): WeightSpec[] {
    return [
      ...(this.scale ? [this.gamma.spec("gamma", shape)] : []),
      ...(this.center ? [this.beta.spec("beta", shape)] : []),
    ];
  }

  /** centred / √(variance + ε) · γ + β, with γ and β under a shape that broadcasts. */
  protected normalize(centred: Value, variance: Value, shape: Shape): Value {
    const normalized = div(centred, sqrt(add(variance, this.epsilon)));
    const scaled = this.scale ? mul(normalized, reshape(this.weight(0), shape)) : normalized;
    return this.center ? add(scaled, reshape(this.weight(this.scale ? 1 : 0), shape)) : scaled;
  }
}

/** Options of `layerNormalization`. */
export interface LayerNormalizationOptions extends NormalizationOptions {
  /** The axes that are normalised, counted with the batch as axis 0; −1, the features, when absent. */
  readonly axis?: number | readonly number[];
  /** Leave the mean and β out: x / √(variance + ε) · γ. */
  readonly rmsScaling?: boolean;
}

const LAYER_NORMALIZATION = {
  axis: withDefault(either(integer, listOf(integer)), -1),
  rmsScaling: withDefault(flag, false),
  ...NORMALIZATION,
};

/**
 * Each example's mean becomes 0 and its variance 1 over `axis` (Ba et al. 2016: https://arxiv.org/abs/1607.06450), then
 * γ and β. Keras: https://keras.io/api/layers/normalization_layers/layer_normalization/
 */
export class LayerNormalization extends Normalization {
  readonly className = "LayerNormalization";
  readonly axis: number | readonly number[];
  readonly rmsScaling: boolean;

  constructor(options: LayerNormalizationOptions = {}) {
    const given = readOptions("layerNormalization", LAYER_NORMALIZATION, options);
    super(given.rmsScaling ? { ...given, scale: true, center: false } : given);
    this.axis = given.axis;
    this.rmsScaling = given.rmsScaling;
  }

  get config(): LayerConfig {
    return { axis: this.axis, rmsScaling: this.rmsScaling, ...this.sharedConfig };
  }

  /** The axes from 1, in the order that was given. */
  #axes(inputShape: Shape): number[] {
    const axes = typeof this.axis === "number" ? [this.axis] : this.axis;
    const list = axes.map((axis) => normalizeAxis(this.label, axis, inputShape.length + 1));
    if (list.includes(0) || new Set(list).size !== list.length) {
      throw new ShapeError(
        `${this.label}: axis is ${formatShape(axes)}; expected axes from 1 (0 is the batch), each once`,
        { axis: axes },
      );
    }
    return list;
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    return this.affineSpecs(this.#axes(inputShape).map((axis) => inputShape[axis - 1] as number));
  }

  compute(x: Value, { mask }: CallContext): CallResult {
    const axes = this.#axes(x.shape.slice(1));
    const over = { axes, keepDims: true };
    const centred = sub(x, mean(x, over));
    const variance = mean(square(centred), over);
    const shape = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
    return { output: this.normalize(this.rmsScaling ? x : centred, variance, shape), mask };
  }
}

/** A layer normalisation. */
export function layerNormalization(options: LayerNormalizationOptions = {}): LayerNormalization {
  return new LayerNormalization(options);
}

/** Options of `batchNormalization`. */
export interface BatchNormalizationOptions
  extends NormalizationOptions,
    Pick<WeightOptions<"movingMean">, "movingMeanInitializer">,
    Pick<WeightOptions<"movingVariance">, "movingVarianceInitializer"> {
  /** The axis that keeps its own statistics, counted with the batch as axis 0; −1, the features, when absent. */
  readonly axis?: number;
  /** How much of the moving statistics stays at each step; 0.99 when absent. */
  readonly momentum?: number;
}

const { movingMeanInitializer } = weightTable("movingMean", "zeros");
const { movingVarianceInitializer } = weightTable("movingVariance", "ones");

const BATCH_NORMALIZATION = {
  movingMeanInitializer,
  movingVarianceInitializer,
  axis: withDefault(integer, -1),
  momentum: withDefault(share, 0.99),
  ...NORMALIZATION,
};

/** Keras's backend.epsilon(): it keeps the count of a mask that is false everywhere from being 0. */
const EPSILON = 1e-7;

/**
 * While training, the batch's mean becomes 0 and its variance 1 for each feature, and moving statistics follow;
 * otherwise those serve (Ioffe & Szegedy 2015: https://arxiv.org/abs/1502.03167). Then γ and β. Timesteps that a mask
 * leaves out do not count. Weights: gamma, beta, moving_mean, moving_variance; the last two are not trained, and a
 * frozen layer uses them in training too. Keras: https://keras.io/api/layers/normalization_layers/batch_normalization/
 */
export class BatchNormalization extends Normalization {
  readonly className = "BatchNormalization";
  readonly axis: number;
  readonly momentum: number;
  readonly #movingMean: WeightRule;
  readonly #movingVariance: WeightRule;

  constructor(options: BatchNormalizationOptions = {}) {
    const given = readOptions("batchNormalization", BATCH_NORMALIZATION, options);
    super(given);
    this.axis = given.axis;
    this.momentum = given.momentum;
    this.#movingMean = new WeightRule("movingMean", given);
    this.#movingVariance = new WeightRule("movingVariance", given);
  }

  get config(): LayerConfig {
    return {
      axis: this.axis,
      momentum: this.momentum,
      ...this.#movingMean.config,
      ...this.#movingVariance.config,
      ...this.sharedConfig,
    };
  }

  #axis(inputShape: Shape): number {
    const axis = normalizeAxis(this.label, this.axis, inputShape.length + 1);
    if (axis === 0) {
      throw new ShapeError(`${this.label}: axis 0 is the batch; expected 1 or more, or −1`, {
        axis: this.axis,
      });
    }
    return axis;
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    const shape = [inputShape[this.#axis(inputShape) - 1] as number];
    return [
      ...this.affineSpecs(shape),
      { ...this.#movingMean.spec("moving_mean", shape), trainable: false },
      { ...this.#movingVariance.spec("moving_variance", shape), trainable: false },
    ];
  }

  compute(x: Value, { training, mask, stateOf = ({ value }) => value }: CallContext): CallResult {
    const axis = this.#axis(x.shape.slice(1));
    const shape = x.shape.map((size, d) => (d === axis ? size : 1));
    const [movingMean, movingVariance] = this.weights.slice(-2) as [Variable, Variable];
    if (!training || !this.trainable) {
      const centred = sub(x, reshape(movingMean.value, shape));
      return { output: this.normalize(centred, reshape(movingVariance.value, shape), shape), mask };
    }
    const { average, variance } = this.#statistics(x, axis, mask);
    const follow = (moving: Variable, now: Value) => ({
      variable: moving,
      value: add(mul(stateOf(moving), this.momentum), mul(reshape(now, moving.shape), 1 - this.momentum)),
    });
    return {
      output: this.normalize(sub(x, average), variance, shape),
      mask,
      updates: [follow(movingMean, average), follow(movingVariance, variance)],
    };
  }

  /** Mean and variance of the batch, their reduced axes kept. */
  #statistics(x: Value, axis: number, mask: Value | undefined): { average: Value; variance: Value } {
    const over = { axes: x.shape.flatMap((_, d) => (d === axis ? [] : [d])), keepDims: true };
    if (mask === undefined) {
      const average = mean(x, over);
      return { average, variance: mean(square(sub(x, average)), over) };
    }
    if (mask.shape.length !== x.shape.length - 1) {
      throw new ShapeError(
        `${this.label}: the mask is ${formatShape(mask.shape)}, the input ` +
          `${formatShape(x.shape)}; expected a mask of one axis less`,
        { mask: mask.shape, input: x.shape },
      );
    }
    const weights = reshape(cast(mask, "float32"), [...mask.shape, 1]);
    const count = add(sum(weights, over), EPSILON);
    const average = div(sum(mul(weights, x), over), count);
    return { average, variance: div(sum(mul(weights, square(sub(x, average))), over), count) };
  }
}

/** A batch normalisation. */
export function batchNormalization(options: BatchNormalizationOptions = {}): BatchNormalization {
  return new BatchNormalization(options);
}
