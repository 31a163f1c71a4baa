import { flag, positive, readOptions, required, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import type { Activation, ActivationLike } from "../activations/index.ts";
import {
  type CallContext,
  type CallResult,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { activationOption, LAYER, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

/** Options of `dense`. */
export interface DenseOptions extends LayerOptions, WeightOptions<"kernel">, WeightOptions<"bias"> {
  readonly units: number;
  readonly activation?: ActivationLike;
  readonly useBias?: boolean;
}

const DENSE = {
  units: required(positive),
  activation: activationOption("linear"),
  useBias: withDefault(flag, true),
  ...weightTable("kernel", "glorotUniform"),
  ...weightTable("bias", "zeros"),
  ...LAYER,
};

/**
 * activation(x·kernel + bias) over the last axis: `[B, ..., D]` -> `[B, ..., units]`. Keras:
 * https://keras.io/api/layers/core_layers/dense/
 */
export class Dense extends Layer {
  readonly className = "Dense";
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly #kernel: WeightRule;
  readonly #bias: WeightRule;

  constructor(options: DenseOptions) {
    const given = readOptions("dense", DENSE, options);
    super(given);
    this.units = given.units;
    this.activation = given.activation;
    this.useBias = given.useBias;
    this.#kernel = new WeightRule("kernel", given);
    this.#bias = new WeightRule("bias", given);
  }

  get config(): LayerConfig {
    const { units, useBias } = this;
    const activation = this.activation.config;
    return { units, activation, useBias, ...this.#kernel.config, ...this.#bias.config, ...this.baseConfig };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    if (inputShape.length === 0) this.expectRank(inputShape, 1, "at least one axis beside the batch");
    const kernel = this.#kernel.spec("kernel", [inputShape.at(-1) as number, this.units]);
    return this.useBias ? [kernel, this.#bias.spec("bias", [this.units])] : [kernel];
  }

  outputShape(inputShape: Shape): Shape {
    return this.activation.outputShape([...inputShape.slice(0, -1), this.units]);
  }

  compute(x: Value, { mask }: CallContext): CallResult {
    const product = matmul(x, this.weight(0));
    return { output: this.activation.apply(this.useBias ? add(product, this.weight(1)) : product), mask };
  }
}

/** A fully connected layer. */
export function dense(options: DenseOptions): Dense {
  return new Dense(options);
}
