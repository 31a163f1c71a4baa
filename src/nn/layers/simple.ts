/** Layers without weights: dropout, flatten. */
import { ValueError } from "../../core/errors.ts";
import { type Shape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { dropout as dropoutOp } from "../../ops/random.ts";
import { reshape } from "../../ops/reshape.ts";
import { type CallContext, type CallResult, Weightless } from "./layer.ts";

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
