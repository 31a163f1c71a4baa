/** Layers without weights: activation, dropout, flatten. */
import { ValueError } from "../../core/errors.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { dropout as dropoutOp } from "../../ops/random.ts";
import { reshape } from "../../ops/reshape.ts";
import { type ActivationName, activationName, activationOp } from "../activations.ts";
import { type CallContext, type CallResult, Layer } from "./layer.ts";

abstract class Weightless extends Layer {
  weightSpecs() {
    return [];
  }

  outputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}

/** Applies an activation to every element. Keras: https://keras.io/api/layers/core_layers/activation/ */
export class Activation extends Weightless {
  readonly className = "Activation";
  readonly activation: ActivationName;

  constructor(activation: ActivationName, options: { readonly name?: string } = {}) {
    super(options.name);
    this.activation = activationName(activation);
  }

  get config() {
    return { activation: this.activation };
  }

  compute(x: Value, { mask }: CallContext): CallResult {
    return { output: activationOp(this.activation)(x), mask };
  }
}

/** An activation as a layer of its own. */
export function activation(name: ActivationName, options: { readonly name?: string } = {}): Activation {
  return new Activation(name, options);
}

/** Options of `dropout`. */
export interface DropoutOptions {
  readonly name?: string;
  /** The share of inputs set to 0 while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * While training, sets inputs to 0 at random and scales the rest by 1 / (1 − rate) (Srivastava et al. 2014).
 * Seeded by the model: one seed drops the same inputs at the same steps. Keras: https://keras.io/api/layers/regularization_layers/dropout/
 */
export class Dropout extends Weightless {
  readonly className = "Dropout";
  readonly rate: number;

  constructor({ rate, name }: DropoutOptions) {
    super(name);
    if (!(rate >= 0 && rate < 1)) throw new ValueError(`dropout: rate is ${rate}; expected 0 ≤ rate < 1`, { rate });
    this.rate = rate;
  }

  get config() {
    return { rate: this.rate };
  }

  compute(x: Value, context: CallContext): CallResult {
    const isActive = context.training && this.rate > 0;
    return { output: isActive ? dropoutOp(x, this.rate, context.random()) : x, mask: context.mask };
  }
}

/** A dropout layer. */
export function dropout(options: DropoutOptions): Dropout {
  return new Dropout(options);
}

/** Joins all axes but the batch: `[B, ...D]` -> `[B, ΠD]`. Keras: https://keras.io/api/layers/reshaping_layers/flatten/ */
export class Flatten extends Weightless {
  readonly className = "Flatten";

  get config() {
    return {};
  }

  override outputShape(inputShape: Shape): Shape {
    return [sizeOf(inputShape)];
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: reshape(x, [x.shape[0] as number, sizeOf(x.shape.slice(1))]) };
  }
}

/** A flatten layer. */
export function flatten(options: { readonly name?: string } = {}): Flatten {
  return new Flatten(options.name);
}
