/** Dropout. Its rarer kin are in noise.ts, which a page that drops out only need not carry. */
import type { Value } from "../../graph/operation.ts";
import { dropout as dropoutOp, type RandomSource } from "../../ops/random.ts";
import type { LayerConfig } from "./layer.ts";
import { expectRate, Noise, type NoiseOptions, resolveNoiseShape } from "./noise_base.ts";

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
