/** Activations as layers of their own. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add, cast, minimum, mul, relu as reluOp, sub } from "../../ops/elementwise/arithmetic.ts";
import {
  type ActivationLike,
  type ActivationName,
  type Activation as ResolvedActivation,
  resolveActivation,
} from "../activations/index.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";
import { Weightless } from "./weightless.ts";

/** Applies an activation to every element. Keras: https://keras.io/api/layers/core_layers/activation/ */
export class Activation extends Weightless {
  readonly className: string = "Activation";
  readonly activation: ResolvedActivation;

  constructor(activation: ActivationLike, options: LayerOptions = {}) {
    super(options);
    this.activation = resolveActivation(activation);
  }

  get config(): LayerConfig {
    return { activation: this.activation.config, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    return this.activation.outputShape(inputShape);
  }

  compute(x: Value, { mask }: CallContext): CallResult {
    return { output: this.activation.apply(x), mask };
  }
}

/**
 * An activation as a layer of its own.
 * @example
 * activation({ name: "leakyRelu", negativeSlope: 0.1 });
 */
export function activation(name: ActivationLike, options: LayerOptions = {}): Activation {
  return new Activation(name, options);
}

/** One of Keras's activation layers: an activation whose options are the layer's. */
abstract class NamedActivation extends Activation {
  readonly #options: Readonly<Record<string, number | null>>;

  constructor(name: ActivationName, options: Readonly<Record<string, number | null>>, layer: LayerOptions) {
    super({ name, ...options }, layer);
    this.#options = options;
  }

  override get config(): LayerConfig {
    return { ...this.#options, ...this.baseConfig };
  }
}

/** Options of `relu`. */
export interface ReluOptions extends LayerOptions {
  /** The largest output; none when absent. */
  readonly maxValue?: number | null;
  /** The slope below `threshold`; 0 when absent. */
  readonly negativeSlope?: number;
  /** Where the activation begins; 0 when absent. */
  readonly threshold?: number;
}

/** max(x, 0), with options. Keras: https://keras.io/api/layers/activation_layers/relu/ */
export class Relu extends NamedActivation {
  override readonly className = "ReLU";

  constructor(options: ReluOptions = {}) {
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = options;
    super("relu", { maxValue, negativeSlope, threshold }, options);
  }
}

/** A ReLU layer. */
export function relu(options: ReluOptions = {}): Relu {
  return new Relu(options);
}

/** Options of `leakyRelu`. */
export interface LeakyReluOptions extends LayerOptions {
  /** The slope below 0; 0.3 when absent, as in Keras's layer (its activation function has 0.2). */
  readonly negativeSlope?: number;
}

/** x above 0, negativeSlope · x below. Keras: https://keras.io/api/layers/activation_layers/leaky_relu/ */
export class LeakyRelu extends NamedActivation {
  override readonly className = "LeakyReLU";

  constructor(options: LeakyReluOptions = {}) {
    super("leakyRelu", { negativeSlope: options.negativeSlope ?? 0.3 }, options);
  }
}

/** A leaky ReLU layer. */
export function leakyRelu(options: LeakyReluOptions = {}): LeakyRelu {
  return new LeakyRelu(options);
}

/** Options of `elu`. */
export interface EluOptions extends LayerOptions {
  /** The limit far below 0, without its sign; 1 when absent. */
  readonly alpha?: number;
}

/** x above 0, α · (eˣ − 1) below. Keras: https://keras.io/api/layers/activation_layers/elu/ */
export class Elu extends NamedActivation {
  override readonly className = "ELU";

  constructor(options: EluOptions = {}) {
    super("elu", { alpha: options.alpha ?? 1 }, options);
  }
}

/** An ELU layer. */
export function elu(options: EluOptions = {}): Elu {
  return new Elu(options);
}

/** Options of `softmax`. */
export interface SoftmaxOptions extends LayerOptions {
  /** −1 when absent. */
  readonly axis?: number;
}

/** Far below every logit: what Keras adds where a mask is false. */
const MASKED_LOGIT = -1e9;

/**
 * Softmax along an axis (the batch counts as axis 0). A mask of the input's own shape leaves elements out.
 * Keras: https://keras.io/api/layers/activation_layers/softmax/
 */
export class Softmax extends NamedActivation {
  override readonly className = "Softmax";

  constructor(options: SoftmaxOptions = {}) {
    super("softmax", { axis: options.axis ?? -1 }, options);
  }

  override compute(x: Value, context: CallContext): CallResult {
    const { mask } = context;
    if (mask === undefined || mask.shape.length !== x.shape.length) return super.compute(x, context);
    return super.compute(add(x, mul(sub(1, cast(mask, "float32")), MASKED_LOGIT)), context);
  }
}

/** A softmax layer. */
export function softmax(options: SoftmaxOptions = {}): Softmax {
  return new Softmax(options);
}

/** Options of `prelu`. */
export interface PReluOptions extends LayerOptions, WeightOptions<"alpha"> {
  /** Axes along which one slope serves all, counted with the batch as axis 0: `[1]` for one slope per channel of a sequence. */
  readonly sharedAxes?: readonly number[];
}

/** x above 0, α · x below, with a learned α (He et al. 2015). Keras: https://keras.io/api/layers/activation_layers/prelu/ */
export class PRelu extends Layer {
  readonly className = "PReLU";
  readonly sharedAxes: readonly number[];
  readonly #alpha: WeightRule;

  constructor(options: PReluOptions = {}) {
    super(options);
    const { sharedAxes = [] } = options;
    if (sharedAxes.some((axis) => !Number.isInteger(axis) || axis < 1)) {
      throw new ValueError(
        `prelu: sharedAxes is ${formatShape(sharedAxes)}; expected whole numbers of at least 1 (axis 0 is the batch)`,
        { sharedAxes },
      );
    }
    this.sharedAxes = sharedAxes;
    this.#alpha = new WeightRule("alpha", options, "zeros");
  }

  get config(): LayerConfig {
    return { sharedAxes: this.sharedAxes, ...this.#alpha.config, ...this.baseConfig };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    const beyond = this.sharedAxes.find((axis) => axis > inputShape.length);
    if (beyond !== undefined) {
      throw new ShapeError(
        `prelu: sharedAxes names axis ${beyond}; the input has axes 0 (the batch) to ${inputShape.length}`,
        { sharedAxes: this.sharedAxes, inputShape },
      );
    }
    const shape = inputShape.map((size, axis) => (this.sharedAxes.includes(axis + 1) ? 1 : size));
    return [this.#alpha.spec("alpha", shape)];
  }

  outputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  compute(x: Value, { mask }: CallContext): CallResult {
    return { output: add(reluOp(x), mul(this.weight(0), minimum(x, 0))), mask };
  }
}

/** A parametric ReLU layer. */
export function prelu(options: PReluOptions = {}): PRelu {
  return new PRelu(options);
}
