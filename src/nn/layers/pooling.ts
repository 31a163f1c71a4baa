/** Pooling over windows of time. */
import { oneOf, optional, readOptions, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { expandDims } from "../../ops/data/movement.ts";
import { type WindowOptions, windows } from "../../ops/data/windows.ts";
import { equal, mul, where } from "../../ops/elementwise/arithmetic.ts";
import { argmax, sum } from "../../ops/reduce/reduce.ts";
import { DATA_FORMAT_OPTION, type DataFormatOptions } from "./data_format.ts";
import type { CallContext, CallResult, LayerConfig } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Weightless } from "./weightless.ts";
import { endsOf, oneNumber, outputTime, type Padding, padTime } from "./window_options.ts";

/** Options of `maxPooling1d` and `averagePooling1d`. */
export interface Pooling1dOptions extends DataFormatOptions {
  /** How many timesteps are joined; 2 when absent. */
  readonly poolSize?: number | readonly [number];
  /** `poolSize` when absent or null. */
  readonly strides?: number | readonly [number] | null;
  /** "valid" (the default) leaves out windows that reach over an end; "same" keeps them, without the padding's part. */
  readonly padding?: "valid" | "same";
}

const POOLING = {
  poolSize: withDefault(oneNumber, 2),
  strides: optional(oneNumber),
  padding: withDefault(
    oneOf(["valid", "same"], (name) => name.toLowerCase()),
    "valid",
  ),
  ...DATA_FORMAT_OPTION,
  ...LAYER,
};

abstract class Pooling1d extends Weightless {
  readonly padding: Padding;
  readonly #layer: string;
  readonly #window: WindowOptions;

  constructor(layer: string, options: Pooling1dOptions) {
    const given = readOptions(layer, POOLING, options);
    super(given);
    this.#layer = layer;
    this.#window = { size: given.poolSize, stride: given.strides ?? given.poolSize, dilation: 1 };
    this.padding = given.padding;
  }

  /** The output `[B, T', D]` for windows `[B, T', size, D]`; `places` tells which of them lie inside the input. */
  protected abstract join(seen: Value, places: WindowPlaces): Value;

  get config(): LayerConfig {
    const { size: poolSize, stride: strides } = this.#window;
    return { poolSize, strides, padding: this.padding, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    return [outputTime(this.#layer, inputShape[0] as number, this.padding, this.#window), inputShape[1] as number];
  }

  compute(x: Value, _context: CallContext): CallResult {
    const time = x.shape[1] as number;
    const ends = endsOf(time, this.padding, this.#window);
    const seen = windows(padTime(x, ends), this.#window);
    return { output: this.join(seen, placesOf(seen.shape[1] as number, time, ends[0], this.#window)) };
  }
}

/** Which steps of the windows lie inside the input, row by row. */
interface WindowPlaces {
  readonly count: number;
  readonly size: number;
  readonly isInside: readonly boolean[];
}

function placesOf(count: number, time: number, before: number, { size, stride }: WindowOptions): WindowPlaces {
  const isInside = Array.from({ length: count * size }, (_, index) => {
    const at = Math.floor(index / size) * stride + (index % size) - before;
    return at >= 0 && at < time;
  });
  return { count, size, isInside };
}

/** What stands for padding where the largest is sought. */
const LOWEST = -3.4028234663852886e38;

/**
 * The largest of each window; its gradient goes to the first among equals. Keras:
 * https://keras.io/api/layers/pooling_layers/max_pooling1d/
 */
export class MaxPooling1d extends Pooling1d {
  readonly className = "MaxPooling1D";

  constructor(options: Pooling1dOptions = {}) {
    super("maxPooling1d", options);
  }

  protected join(seen: Value, { count, size, isInside }: WindowPlaces): Value {
    const flags = { shape: [count, size, 1], data: Int32Array.from(isInside, Number) };
    const values = isInside.every(Boolean) ? seen : where(constant(flags, "bool"), seen, LOWEST);
    const order = constant({ shape: [size, 1], data: Int32Array.from({ length: size }, (_, index) => index) });
    const isLargest = equal(expandDims(argmax(values, 2), 2), order);
    return sum(where(isLargest, values, 0), { axes: 2 });
  }
}

/** A layer that keeps the largest of each window. */
export function maxPooling1d(options: Pooling1dOptions = {}): MaxPooling1d {
  return new MaxPooling1d(options);
}

/** The mean of each window, padding left out. Keras: https://keras.io/api/layers/pooling_layers/average_pooling1d/ */
export class AveragePooling1d extends Pooling1d {
  readonly className = "AveragePooling1D";

  constructor(options: Pooling1dOptions = {}) {
    super("averagePooling1d", options);
  }

  protected join(seen: Value, { count, size, isInside }: WindowPlaces): Value {
    const shares = Float32Array.from({ length: count }, (_, row) => {
      return 1 / isInside.slice(row * size, (row + 1) * size).filter(Boolean).length;
    });
    return mul(sum(seen, { axes: 2 }), constant({ shape: [count, 1], data: shares }));
  }
}

/** A layer that keeps the mean of each window. */
export function averagePooling1d(options: Pooling1dOptions = {}): AveragePooling1d {
  return new AveragePooling1d(options);
}
