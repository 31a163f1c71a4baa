/**
 * Layers that only move elements: flatten, reshape, permute, repeatVector, cropping, padding and upsampling over time.
 */
import { ShapeError, ValueError } from "../../core/errors.ts";
import {
  count,
  integer,
  listOf,
  type OptionKind,
  positive,
  readOptions,
  required,
  withDefault,
} from "../../core/option_table.ts";
import { formatShape, type Shape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { broadcastTo, expandDims, pad, reshape as reshapeOp, slice, transpose } from "../../ops/data/movement.ts";
import { DATA_FORMAT_OPTION, type DataFormatOptions } from "./data_format.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Weightless } from "./weightless.ts";

const batchOf = (x: Value): number => x.shape[0] as number;

const FLATTEN = {
  ...DATA_FORMAT_OPTION,
  ...LAYER,
};

/**
 * Joins all axes but the batch: `[B, ...D]` -> `[B, ΠD]`. Keras: https://keras.io/api/layers/reshaping_layers/flatten/
 */
export class Flatten extends Weightless {
  readonly className = "Flatten";

  constructor(options: DataFormatOptions = {}) {
    super(readOptions("flatten", FLATTEN, options));
  }

  get config(): LayerConfig {
    return this.baseConfig;
  }

  override outputShape(inputShape: Shape): Shape {
    return [sizeOf(inputShape)];
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: reshapeOp(x, [batchOf(x), sizeOf(x.shape.slice(1))]) };
  }
}

/** A flatten layer. */
export function flatten(options: DataFormatOptions = {}): Flatten {
  return new Flatten(options);
}

/** Options of `reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** Without the batch; one entry may be −1 and is worked out. */
  readonly targetShape: Shape;
}

const RESHAPE = {
  targetShape: required(listOf(integer)),
  ...LAYER,
};

/** The same elements under another shape. Keras: https://keras.io/api/layers/reshaping_layers/reshape/ */
export class Reshape extends Weightless {
  readonly className = "Reshape";
  readonly targetShape: Shape;

  constructor(options: ReshapeOptions) {
    const given = readOptions("reshape", RESHAPE, options);
    const { targetShape } = given;
    const open = targetShape.filter((size) => size === -1).length;
    if (open > 1 || targetShape.some((size) => size !== -1 && size < 1)) {
      throw new ValueError(
        `reshape: targetShape is ${formatShape(targetShape)}; expected sizes of at least 1 without the batch, at ` +
          "most one of them −1",
        { targetShape },
      );
    }
    super(given);
    this.targetShape = targetShape;
  }

  get config(): LayerConfig {
    return { targetShape: this.targetShape, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    const known = this.targetShape.reduce((size, axis) => (axis === -1 ? size : size * axis), 1);
    const shape = this.targetShape.map((axis) => (axis === -1 ? sizeOf(inputShape) / known : axis));
    if (sizeOf(shape) !== sizeOf(inputShape) || shape.some((size) => !Number.isInteger(size))) {
      throw new ShapeError(
        `${this.label}: an example is ${formatShape(inputShape)} with ${sizeOf(inputShape)} elements; ` +
          `targetShape ${formatShape(this.targetShape)} does not hold as many`,
        { inputShape, targetShape: this.targetShape },
      );
    }
    return shape;
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: reshapeOp(x, [batchOf(x), ...this.outputShape(x.shape.slice(1))]) };
  }
}

/** A reshape layer. */
export function reshape(options: ReshapeOptions): Reshape {
  return new Reshape(options);
}

/** Options of `permute`. */
export interface PermuteOptions extends LayerOptions {
  /** The new order of the axes, counted from 1: `[2, 1]` swaps the two axes of a sequence. */
  readonly dims: readonly number[];
}

const PERMUTE = {
  dims: required(listOf(positive)),
  ...LAYER,
};

/** Axes in another order. Keras: https://keras.io/api/layers/reshaping_layers/permute/ */
export class Permute extends Weightless {
  readonly className = "Permute";
  readonly dims: readonly number[];

  constructor(options: PermuteOptions) {
    const given = readOptions("permute", PERMUTE, options);
    const { dims } = given;
    const sorted = [...dims].sort((a, b) => a - b);
    if (sorted.some((dim, index) => dim !== index + 1)) {
      throw new ValueError(`permute: dims is ${formatShape(dims)}; expected each of 1…${dims.length} once`, { dims });
    }
    super(given);
    this.dims = dims;
  }

  get config(): LayerConfig {
    return { dims: this.dims, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, this.dims.length, `${this.dims.length} axes beside the batch, as dims names`);
    return this.dims.map((dim) => inputShape[dim - 1] as number);
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: transpose(x, [0, ...this.dims]) };
  }
}

/** A permute layer. */
export function permute(options: PermuteOptions): Permute {
  return new Permute(options);
}

/** Options of `repeatVector`. */
export interface RepeatVectorOptions extends LayerOptions {
  /** How often. */
  readonly n: number;
}

const REPEAT_VECTOR = {
  n: required(positive),
  ...LAYER,
};

/**
 * A vector as a sequence of copies: `[B, D]` -> `[B, n, D]`. Keras:
 * https://keras.io/api/layers/reshaping_layers/repeat_vector/
 */
export class RepeatVector extends Weightless {
  readonly className = "RepeatVector";
  readonly n: number;

  constructor(options: RepeatVectorOptions) {
    const given = readOptions("repeatVector", REPEAT_VECTOR, options);
    super(given);
    this.n = given.n;
  }

  get config(): LayerConfig {
    return { n: this.n, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 1, "[B, D]: one vector per example. Leave returnSequences out of the layer before it.");
    return [this.n, inputShape[0] as number];
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: broadcastTo(expandDims(x, 1), [batchOf(x), this.n, x.shape[1] as number]) };
  }
}

/** A layer that repeats a vector. */
export function repeatVector(options: RepeatVectorOptions): RepeatVector {
  return new RepeatVector(options);
}

/** One number for both ends, or one for each. */
type Ends = number | readonly [number, number];

const bothEnds: OptionKind<readonly [number, number]> = {
  expected: `${count.expected}, or two of them`,
  read: (value) => {
    const [begin, end] = Array.isArray(value) && value.length === 2 ? value : [value, value];
    const [first, second] = [count.read(begin), count.read(end)];
    return first === undefined || second === undefined ? undefined : [first, second];
  },
};

/** Options of `cropping1d`. */
export interface Cropping1dOptions extends LayerOptions {
  /** Timesteps cut off at the begin and the end; 1 when absent. */
  readonly cropping?: Ends;
}

const CROPPING = {
  cropping: withDefault(bothEnds, [1, 1]),
  ...LAYER,
};

/**
 * Cuts timesteps off: `[B, T, D]` -> `[B, T − cut, D]`. Keras: https://keras.io/api/layers/reshaping_layers/cropping1d/
 */
export class Cropping1d extends Weightless {
  readonly className = "Cropping1D";
  readonly cropping: readonly [number, number];

  constructor(options: Cropping1dOptions = {}) {
    const given = readOptions("cropping1d", CROPPING, options);
    super(given);
    this.cropping = given.cropping;
  }

  get config(): LayerConfig {
    return { cropping: this.cropping, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    const [time, width] = inputShape as [number, number];
    const left = time - this.cropping[0] - this.cropping[1];
    if (left < 1) {
      throw new ShapeError(
        `${this.label}: ${time} timesteps less ${this.cropping.join(" and ")} leave none; expected a ` +
          "smaller cropping",
        { inputShape, cropping: this.cropping },
      );
    }
    return [left, width];
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: slice(x, [0, this.cropping[0], 0], [batchOf(x), ...this.outputShape(x.shape.slice(1))]) };
  }
}

/** A cropping layer for sequences. */
export function cropping1d(options: Cropping1dOptions = {}): Cropping1d {
  return new Cropping1d(options);
}

/** Options of `zeroPadding1d`. */
export interface ZeroPadding1dOptions extends DataFormatOptions {
  /** Timesteps of zeros put at the begin and the end; 1 when absent. */
  readonly padding?: Ends;
}

const ZERO_PADDING = {
  padding: withDefault(bothEnds, [1, 1]),
  ...DATA_FORMAT_OPTION,
  ...LAYER,
};

/**
 * Puts zeros around: `[B, T, D]` -> `[B, T + added, D]`. Keras:
 * https://keras.io/api/layers/reshaping_layers/zero_padding1d/
 */
export class ZeroPadding1d extends Weightless {
  readonly className = "ZeroPadding1D";
  readonly padding: readonly [number, number];

  constructor(options: ZeroPadding1dOptions = {}) {
    const given = readOptions("zeroPadding1d", ZERO_PADDING, options);
    super(given);
    this.padding = given.padding;
  }

  get config(): LayerConfig {
    return { padding: this.padding, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    return [(inputShape[0] as number) + this.padding[0] + this.padding[1], inputShape[1] as number];
  }

  compute(x: Value, _context: CallContext): CallResult {
    return { output: pad(x, [0, this.padding[0]], [0, this.padding[1]]) };
  }
}

/** A layer that pads sequences with zeros. */
export function zeroPadding1d(options: ZeroPadding1dOptions = {}): ZeroPadding1d {
  return new ZeroPadding1d(options);
}

/** Options of `upSampling1d`. */
export interface UpSampling1dOptions extends LayerOptions {
  /** How often each timestep is repeated; 2 when absent. */
  readonly size?: number;
}

const UP_SAMPLING = {
  size: withDefault(positive, 2),
  ...LAYER,
};

/**
 * Repeats each timestep: `[B, T, D]` -> `[B, T · size, D]`. Keras:
 * https://keras.io/api/layers/reshaping_layers/up_sampling1d/
 */
export class UpSampling1d extends Weightless {
  readonly className = "UpSampling1D";
  readonly size: number;

  constructor(options: UpSampling1dOptions = {}) {
    const given = readOptions("upSampling1d", UP_SAMPLING, options);
    super(given);
    this.size = given.size;
  }

  get config(): LayerConfig {
    return { size: this.size, ...this.baseConfig };
  }

  override outputShape(inputShape: Shape): Shape {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors");
    return [(inputShape[0] as number) * this.size, inputShape[1] as number];
  }

  compute(x: Value, _context: CallContext): CallResult {
    const [batch, time, width] = x.shape as [number, number, number];
    const repeated = broadcastTo(reshapeOp(x, [batch, time, 1, width]), [batch, time, this.size, width]);
    return { output: reshapeOp(repeated, [batch, time * this.size, width]) };
  }
}

/** A layer that repeats timesteps. */
export function upSampling1d(options: UpSampling1dOptions = {}): UpSampling1d {
  return new UpSampling1d(options);
}
