/** Pooling over all timesteps. */
import { ShapeError } from "../../core/errors.ts";
import { flag, readOptions, withDefault } from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { expandDims } from "../../ops/data/movement.ts";
import { cast, div, maximum, where } from "../../ops/elementwise/arithmetic.ts";
import { max, mean, sum } from "../../ops/reduce/reduce.ts";
import { DATA_FORMAT_OPTION, type DataFormatOptions } from "./data_format.ts";
import type { CallContext, CallResult, LayerConfig } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Weightless } from "./weightless.ts";

/** Options of `globalAveragePooling1d` and `globalMaxPooling1d`. */
export interface GlobalPooling1dOptions extends DataFormatOptions {
  /** Keep the axis of time with size 1; false when absent. */
  readonly keepdims?: boolean;
}

const GLOBAL_POOLING = {
  keepdims: withDefault(flag, false),
  ...DATA_FORMAT_OPTION,
  ...LAYER,
};

abstract class GlobalPooling1d extends Weightless {
  readonly keepdims: boolean;

  constructor(options: GlobalPooling1dOptions = {}) {
    const given = readOptions("globalPooling1d", GLOBAL_POOLING, options);
    super(given);
    this.keepdims = given.keepdims;
  }

  get config(): LayerConfig {
    return { keepdims: this.keepdims, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors. Use returnSequences in the layer before it.");
    const width = inputShape[1] as number;
    return this.keepdims ? [1, width] : [width];
  }

  /** The axis that is pooled. */
  protected get over() {
    return { axes: 1, keepDims: this.keepdims };
  }
}

/**
 * The mean over time, `[B, T, D]` -> `[B, D]`; timesteps that a mask leaves out do not count (zeros where it leaves out
 * all, where Keras has NaN). Keras: https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
 */
export class GlobalAveragePooling1d extends GlobalPooling1d {
  readonly className = "GlobalAveragePooling1D";

  compute(x: Value, { mask }: CallContext): CallResult {
    if (mask === undefined) return { output: mean(x, this.over) };
    if (mask.shape.length !== 2) {
      throw new ShapeError(`${this.label}: the mask is ${formatShape(mask.shape)}; expected [B, T]`, {
        mask: mask.shape,
      });
    }
    const counts = expandDims(mask, 2);
    const count = maximum(sum(cast(counts, "float32"), this.over), 1);
    return { output: div(sum(where(counts, x, 0), this.over), count) };
  }
}

/** A layer that takes the mean over time. */
export function globalAveragePooling1d(options: GlobalPooling1dOptions = {}): GlobalAveragePooling1d {
  return new GlobalAveragePooling1d(options);
}

/**
 * The largest over time, `[B, T, D]` -> `[B, D]`. It pays no heed to a mask, as in Keras.
 * Keras: https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
 */
export class GlobalMaxPooling1d extends GlobalPooling1d {
  readonly className = "GlobalMaxPooling1D";

  compute(x: Value, _context: CallContext): CallResult {
    return { output: max(x, this.over) };
  }
}

/** A layer that takes the largest over time. */
export function globalMaxPooling1d(options: GlobalPooling1dOptions = {}): GlobalMaxPooling1d {
  return new GlobalMaxPooling1d(options);
}
