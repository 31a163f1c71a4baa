/** Layers that join inputs element by element, and concatenation. Masks follow Keras 3's rules. */

import { ShapeError } from "../../core/errors.ts";
import { integer, readOptions, withDefault } from "../../core/option_table.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape } from "../../core/shape.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { concat, reshape } from "../../ops/data/movement.ts";
import * as ops from "../../ops/elementwise/arithmetic.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { MergeLayer } from "./merge_layer.ts";

const withBatch = (shape: Shape): string => `[B${shape.map((size) => `, ${size}`).join("")}]`;

/** Inputs of one rank: those with fewer axes get some of size 1 after the batch. */
function alignRanks(inputs: readonly Value[]): Value[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  return inputs.map((x) => {
    const [batch = 1, ...rest] = x.shape;
    return reshape(x, [batch, ...Array<number>(rank - x.shape.length).fill(1), ...rest]);
  });
}

/** A mask `[B, T]` beside x `[B, T, ...]`. */
function spreadMask(mask: Value, x: Value): Value {
  return reshape(mask, [...mask.shape, ...Array<number>(Math.max(0, x.shape.length - mask.shape.length)).fill(1)]);
}

/** True where any mask is; undefined as soon as an input has none. */
function anyOf(masks: readonly (Value | undefined)[]): Value | undefined {
  if (masks.some((mask) => mask === undefined)) return undefined;
  return (masks as readonly Value[]).reduce((a, b) => ops.logicalOr(a, b));
}

/** The base: inputs broadcast against each other; the mask is true where any input's is. */
abstract class Merge extends MergeLayer {
  constructor(options: LayerOptions = {}) {
    super(readOptions("a merging layer", LAYER, options));
  }

  get config(): LayerConfig {
    return this.baseConfig;
  }

  outputShape(...inputShapes: readonly Shape[]): Shape {
    return broadcastShapes(this.label, ...inputShapes);
  }

  merge(inputs: readonly Value[], { masks }: CallContext): CallResult {
    return { output: this.join(alignRanks(inputs), masks), mask: anyOf(masks) };
  }

  /** The output for inputs of one rank. */
  protected abstract join(inputs: readonly Value[], masks: readonly (Value | undefined)[]): Value;
}

/** The sum of all inputs. Keras: https://keras.io/api/layers/merging_layers/add/ */
export class Add extends Merge {
  readonly className = "Add";

  protected join(inputs: readonly Value[]): Value {
    return inputs.reduce((a, b) => ops.add(a, b));
  }
}

/** A layer that adds its inputs: `add().call([a, b])`. */
export function add(options: LayerOptions = {}): Add {
  return new Add(options);
}

/** The first input less the second. Keras: https://keras.io/api/layers/merging_layers/subtract/ */
export class Subtract extends Merge {
  readonly className = "Subtract";

  override get inputCount() {
    return { least: 2, most: 2 };
  }

  protected join([a, b]: readonly Value[]): Value {
    return ops.sub(a as Value, b as Value);
  }
}

/** A layer that subtracts: `subtract().call([a, b])`. */
export function subtract(options: LayerOptions = {}): Subtract {
  return new Subtract(options);
}

/**
 * The product of all inputs, element by element. A timestep that an input's mask leaves out counts as 1 there, and the
 * result is 0 where all masks leave it out. Keras: https://keras.io/api/layers/merging_layers/multiply/
 */
export class Multiply extends Merge {
  readonly className = "Multiply";

  protected join(inputs: readonly Value[], masks: readonly (Value | undefined)[]): Value {
    const factors = inputs.map((x, index) => {
      const mask = masks[index];
      return mask === undefined ? x : ops.where(spreadMask(mask, x), x, 1);
    });
    const product = factors.reduce((a, b) => ops.mul(a, b));
    const mask = anyOf(masks);
    return mask === undefined ? product : ops.where(spreadMask(mask, product), product, 0);
  }
}

/** A layer that multiplies its inputs: `multiply().call([a, b])`. */
export function multiply(options: LayerOptions = {}): Multiply {
  return new Multiply(options);
}

/** The mean of all inputs. Keras: https://keras.io/api/layers/merging_layers/average/ */
export class Average extends Merge {
  readonly className = "Average";

  protected join(inputs: readonly Value[]): Value {
    return ops.mul(
      inputs.reduce((a, b) => ops.add(a, b)),
      1 / inputs.length,
    );
  }
}

/** A layer that takes the mean of its inputs: `average().call([a, b])`. */
export function average(options: LayerOptions = {}): Average {
  return new Average(options);
}

/** Joins two by two; where a mask leaves one out the other alone counts. */
function extreme(
  op: (a: Value, b: Value) => Value,
  inputs: readonly Value[],
  masks: readonly (Value | undefined)[],
): Value {
  let [output, ...others] = inputs as [Value, ...Value[]];
  let known = masks[0];
  for (const [index, input] of others.entries()) {
    const mask = masks[index + 1];
    const x = mask === undefined ? input : ops.where(spreadMask(mask, input), input, output);
    const before = known === undefined ? output : ops.where(spreadMask(known, output), output, x);
    known = mask === undefined || known === undefined ? undefined : ops.logicalOr(known, mask);
    output = op(before, x);
  }
  return output;
}

/** The largest of all inputs, element by element. Keras: https://keras.io/api/layers/merging_layers/maximum/ */
export class Maximum extends Merge {
  readonly className = "Maximum";

  protected join(inputs: readonly Value[], masks: readonly (Value | undefined)[]): Value {
    return extreme(ops.maximum, inputs, masks);
  }
}

/** A layer that keeps the largest of its inputs: `maximum().call([a, b])`. */
export function maximum(options: LayerOptions = {}): Maximum {
  return new Maximum(options);
}

/** The smallest of all inputs, element by element. Keras: https://keras.io/api/layers/merging_layers/minimum/ */
export class Minimum extends Merge {
  readonly className = "Minimum";

  protected join(inputs: readonly Value[], masks: readonly (Value | undefined)[]): Value {
    return extreme(ops.minimum, inputs, masks);
  }
}

/** A layer that keeps the smallest of its inputs: `minimum().call([a, b])`. */
export function minimum(options: LayerOptions = {}): Minimum {
  return new Minimum(options);
}

/** Options of `concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** Counted with the batch as axis 0; −1, the features, when absent. */
  readonly axis?: number;
}

const CONCATENATE = {
  axis: withDefault(integer, -1),
  ...LAYER,
};

/**
 * Inputs one after the other along an axis. Along time their masks are joined too; along another axis a timestep counts
 * where any input's does. Keras: https://keras.io/api/layers/merging_layers/concatenate/
 */
export class Concatenate extends MergeLayer {
  readonly className = "Concatenate";
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    const given = readOptions("concatenate", CONCATENATE, options);
    super(given);
    this.axis = given.axis;
  }

  get config(): LayerConfig {
    return { axis: this.axis, ...this.baseConfig };
  }

  #axis(rank: number): number {
    const axis = normalizeAxis(this.label, this.axis, rank);
    if (axis === 0) {
      throw new ShapeError(`${this.label}: axis 0 is the batch; expected 1 or more, or a negative axis`, {
        axis: this.axis,
      });
    }
    return axis;
  }

  outputShape(...inputShapes: readonly Shape[]): Shape {
    const [first, ...others] = inputShapes as [Shape, ...Shape[]];
    const axis = this.#axis(first.length + 1) - 1;
    const fits = (shape: Shape) =>
      shape.length === first.length && shape.every((size, d) => d === axis || size === first[d]);
    if (!others.every(fits)) {
      throw new ShapeError(
        `${this.label}: got ${inputShapes.map(withBatch).join(" and ")}; expected equal sizes but ` +
          `along axis ${this.axis}`,
        { inputShapes, axis: this.axis },
      );
    }
    return first.map((size, d) =>
      d === axis ? inputShapes.reduce((total, shape) => total + (shape[axis] as number), 0) : size,
    );
  }

  merge(inputs: readonly Value[], { masks }: CallContext): CallResult {
    const axis = this.#axis((inputs[0] as Value).shape.length);
    const output = concat(inputs, axis);
    if (masks.every((mask) => mask === undefined)) return { output };
    if (axis !== 1 || output.shape.length < 3) return { output, mask: anyOf(masks) };
    return {
      output,
      mask: concat(
        inputs.map((x, index) => masks[index] ?? allTrue(x.shape.slice(0, 2))),
        1,
      ),
    };
  }
}

function allTrue(shape: Shape): Value {
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length !== 2) throw new ShapeError(`a mask is ${formatShape(shape)}; expected [B, T]`, { shape });
  return constant({ shape, data: new Int32Array(size).fill(1) }, "bool");
}

/** A layer that puts its inputs side by side: `concatenate().call([a, b])`. */
export function concatenate(options: ConcatenateOptions = {}): Concatenate {
  return new Concatenate(options);
}
