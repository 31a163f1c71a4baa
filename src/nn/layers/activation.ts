/** Activations as layers of their own. */
import { ShapeError } from "../../core/errors.ts";
import { finite, integer, listOf, optional, positive, readOptions, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add, cast, minimum, mul, relu as reluOp, sub } from "../../ops/elementwise/arithmetic.ts";
import type { ActivationLike, ActivationName, Activation as ResolvedActivation } from "../activations/index.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { activationOption, LAYER, type ReadLayerOptions, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";
import { Weightless } from "./weightless.ts";

const ACTIVATION = {
  activation: activationOption("linear"),
  ...LAYER,
};

/** Applies an activation to every element. Keras: https://keras.io/api/layers/core_layers/activation/ */
export class Activation extends Weightless {
  readonly className: string = "Activation";
  readonly activation: ResolvedActivation;

  constructor(activation: ActivationLike, options: LayerOptions = {}) {
    const given = readOptions("activation", ACTIVATION, { ...options, activation });
    super(given);
    this.activation = given.activation;
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

  constructor(
    activation: ActivationName,
    options: Readonly<Record<string, number | null>>,
    { name, trainable, activityRegularizer }: ReadLayerOptions,
  ) {
    super({ name: activation, ...options }, { name, trainable, activityRegularizer });
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

const RELU = {
  maxValue: optional(finite),
  negativeSlope: withDefault(finite, 0),
  threshold: withDefault(finite, 0),
  ...LAYER,
};

/** max(x, 0), with options. Keras: https://keras.io/api/layers/activation_layers/relu/ */
export class Relu extends NamedActivation {
  override readonly className = "ReLU";

  constructor(options: ReluOptions = {}) {
    const { maxValue, negativeSlope, threshold, ...layer } = readOptions("relu", RELU, options);
    super("relu", { maxValue, negativeSlope, threshold }, layer);
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

const LEAKY_RELU = {
  negativeSlope: withDefault(finite, 0.3),
  ...LAYER,
};

/** x above 0, negativeSlope · x below. Keras: https://keras.io/api/layers/activation_layers/leaky_relu/ */
export class LeakyRelu extends NamedActivation {
  override readonly className = "LeakyReLU";

  constructor(options: LeakyReluOptions = {}) {
    const { negativeSlope, ...layer } = readOptions("leakyRelu", LEAKY_RELU, options);
    super("leakyRelu", { negativeSlope }, layer);
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

const ELU = {
  alpha: withDefault(finite, 1),
  ...LAYER,
};

/** x above 0, α · (eˣ − 1) below. Keras: https://keras.io/api/layers/activation_layers/elu/ */
export class Elu extends NamedActivation {
  override readonly className = "ELU";

  constructor(options: EluOptions = {}) {
    const { alpha, ...layer } = readOptions("elu", ELU, options);
    super("elu", { alpha }, layer);
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

const SOFTMAX = {
  axis: withDefault(integer, -1),
  ...LAYER,
};

/** Far below every logit: what Keras adds where a mask is false. */
const MASKED_LOGIT = -1e9;

/**
 * Softmax along an axis (the batch counts as axis 0). A mask of the input's own shape leaves elements out.
 * Keras: https://keras.io/api/layers/activation_layers/softmax/
 */
export class Softmax extends NamedActivation {
  override readonly className = "Softmax";

  constructor(options: SoftmaxOptions = {}) {
    const { axis, ...layer } = readOptions("softmax", SOFTMAX, options);
    super("softmax", { axis }, layer);
  }

  override compute(x: Value, context: CallContext): CallResult {
    const { mask } = context;
    if (mask === undefined || mask.shape.length !== x.shape.length) return super.compute(x, context);
    const counted = cast(mask, "float32");
    const { output } = super.compute(add(x, mul(sub(1, counted), MASKED_LOGIT)), context);
    // Where the mask leaves nothing, the output is 0 throughout.
    return { output: mul(output, counted), mask };
  }
}

/** A softmax layer. */
export function softmax(options: SoftmaxOptions = {}): Softmax {
  return new Softmax(options);
}

/** Options of `prelu`. */
export interface PReluOptions extends LayerOptions, WeightOptions<"alpha"> {
  /**
   * Axes along which one slope serves all, counted with the batch as axis 0: `[1]` for one slope per channel of a
   * sequence.
   */
  readonly sharedAxes?: readonly number[];
}

const PRELU = {
  ...LAYER,
  ...weightTable("alpha", "zeros"),
  sharedAxes: withDefault(listOf({ ...positive, expected: `${positive.expected}: axis 0 is the batch` }), []),
};

/**
 * x above 0, α · x below, with a learned α (He et al. 2015). Keras:
 * https://keras.io/api/layers/activation_layers/prelu/
 */
export class PRelu extends Layer {
  readonly className = "PReLU";
  readonly sharedAxes: readonly number[];
  readonly #alpha: WeightRule;

  constructor(options: PReluOptions = {}) {
    const given = readOptions("prelu", PRELU, options);
    super(given);
    this.sharedAxes = given.sharedAxes;
    this.#alpha = new WeightRule("alpha", given);
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
