import { finite, readOptions, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { expandDims } from "../../ops/data/movement.ts";
import { cast, mul, notEqual } from "../../ops/elementwise/arithmetic.ts";
import { max } from "../../ops/reduce/reduce.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Weightless } from "./weightless.ts";

/** Options of `masking`. */
export interface MaskingOptions extends LayerOptions {
  /** A timestep is left out where all its features are this; 0 when absent. */
  readonly maskValue?: number;
}

const MASKING = {
  maskValue: withDefault(finite, 0),
  ...LAYER,
};

/**
 * Leaves out timesteps: `[B, T, D]` -> the same, with zeros and a false mask where every feature is `maskValue`.
 * Keras: https://keras.io/api/layers/core_layers/masking/
 */
export class Masking extends Weightless {
  readonly className = "Masking";
  readonly maskValue: number;

  constructor(options: MaskingOptions = {}) {
    const given = readOptions("masking", MASKING, options);
    super(given);
    this.maskValue = given.maskValue;
  }

  get config(): LayerConfig {
    return { maskValue: this.maskValue, ...this.baseConfig };
  }

  compute(x: Value, _context: CallContext): CallResult {
    const counts = max(cast(notEqual(x, this.maskValue), "float32"), { axes: -1 });
    return { output: mul(x, expandDims(counts, -1)), mask: notEqual(counts, 0) };
  }
}

/** A masking layer. */
export function masking(options: MaskingOptions = {}): Masking {
  return new Masking(options);
}
