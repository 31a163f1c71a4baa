import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add } from "../../ops/arithmetic.ts";
import { matmul } from "../../ops/matmul.ts";
import { type Activation, type ActivationLike, resolveActivation } from "../activations.ts";
import { type Initializer, type InitializerLike, resolveInitializer } from "../initializers.ts";
import { type CallContext, type CallResult, expectPositive, Layer, type WeightSpec } from "./layer.ts";

/** Options of `dense`. */
export interface DenseOptions {
  readonly name?: string;
  readonly units: number;
  readonly activation?: ActivationLike;
  readonly useBias?: boolean;
  readonly kernelInitializer?: InitializerLike;
  readonly biasInitializer?: InitializerLike;
}

/** activation(x·kernel + bias) over the last axis: `[B, ..., D]` -> `[B, ..., units]`. Keras: https://keras.io/api/layers/core_layers/dense/ */
export class Dense extends Layer {
  readonly className = "Dense";
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly #kernel: Initializer;
  readonly #bias: Initializer;

  constructor(options: DenseOptions) {
    super(options.name);
    expectPositive("dense", "units", options.units);
    this.units = options.units;
    this.activation = resolveActivation(options.activation ?? "linear");
    this.useBias = options.useBias ?? true;
    this.#kernel = resolveInitializer(options.kernelInitializer ?? "glorotUniform");
    this.#bias = resolveInitializer(options.biasInitializer ?? "zeros");
  }

  get config() {
    const { units, useBias } = this;
    return {
      units,
      activation: this.activation.config,
      useBias,
      kernelInitializer: this.#kernel.config,
      biasInitializer: this.#bias.config,
    };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    if (inputShape.length === 0) this.expectRank(inputShape, 1, "at least one axis beside the batch");
    const kernel = { name: "kernel", shape: [inputShape.at(-1) as number, this.units], initializer: this.#kernel };
    return this.useBias ? [kernel, { name: "bias", shape: [this.units], initializer: this.#bias }] : [kernel];
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
