/** Dropout. Its rarer kin are in noise.ts, which a page that drops out only need not carry. */
import { readOptions } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { dropout as dropoutOp, type RandomSource } from "../../ops/data/random.ts";
import { DROP, DropNoise, type DropOptions } from "./noise_base.ts";

/** Options of `dropout`. */
export interface DropoutOptions extends DropOptions {
  /** The share of inputs set to 0 while training: 0 ≤ rate < 1. */
  readonly rate: number;
}

/**
 * While training, sets inputs to 0 at random and scales the rest by 1 / (1 − rate) (Srivastava et al. 2014).
 * Seeded by the model: one seed drops the same inputs at the same steps. Keras:
 * https://keras.io/api/layers/regularization_layers/dropout/
 */
export class Dropout extends DropNoise {
  readonly className: string = "Dropout";

  constructor(options: DropoutOptions) {
    super("dropout", readOptions("dropout", DROP, options));
  }

  protected disturb(x: Value, source: RandomSource): Value {
    return dropoutOp(x, this.rate, source, this.shapeOfNoise(x));
  }
}

/** A dropout layer. */
export function dropout(options: DropoutOptions): Dropout {
  return new Dropout(options);
}
