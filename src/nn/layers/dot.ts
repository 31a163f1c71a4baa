import { ShapeError } from "../../core/errors.ts";
import { either, flag, integer, listOf, readOptions, required, withDefault } from "../../core/option_table.ts";
import { normalizeAxis, type Shape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { reshape, transpose } from "../../ops/data/movement.ts";
import { div, maximum, sqrt, square } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import type { CallContext, CallResult, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { MergeLayer } from "./merge_layer.ts";

/** Options of `dot`. */
export interface DotOptions extends LayerOptions {
  /**
   * The axis of both inputs that is summed over, or one for each; counted with the batch as axis 0, which it may not
   * be.
   */
  readonly axes: number | readonly [number, number];
  /** Divide both inputs by their norm along the axis first: the result is the cosine. */
  readonly normalize?: boolean;
}

const DOT = {
  axes: required(either(integer, listOf(integer, 2))),
  normalize: withDefault(flag, false),
  ...LAYER,
};

/**
 * The dot product of two inputs, example by example: `[B, ...M, K, ...]` and `[B, ...N, K, ...]` -> `[B, ...M, ...N]`,
 * or `[B, 1]` for two vectors. It passes no mask on. Keras: https://keras.io/api/layers/merging_layers/dot/
 */
export class Dot extends MergeLayer {
  readonly className = "Dot";
  readonly axes: number | readonly number[];
  readonly normalize: boolean;

  constructor(options: DotOptions) {
    const given = readOptions("dot", DOT, options);
    super(given);
    this.axes = given.axes;
    this.normalize = given.normalize;
  }

  get config(): LayerConfig {
    return { axes: this.axes, normalize: this.normalize, ...this.baseConfig };
  }

  override get inputCount() {
    return { least: 2, most: 2 };
  }

  /** The axes for inputs of these shapes, with the batch. */
  #axes(shapes: readonly Shape[]): readonly [number, number] {
    const given = typeof this.axes === "number" ? [this.axes, this.axes] : this.axes;
    const [a, b] = shapes.map((shape, which) =>
      normalizeAxis(this.label, given[which] ?? Number.NaN, shape.length),
    ) as [number, number];
    const sizes = [shapes[0]?.[a], shapes[1]?.[b]];
    if (a === 0 || b === 0 || sizes[0] !== sizes[1]) {
      throw new ShapeError(
        `${this.label}: axes ${given.join(" and ")} of inputs without the batch ` +
          `[${shapes.map((shape) => shape.slice(1).join(", ")).join("] and [")}]; expected axes of one size, and ` +
          "not the batch, which is axis 0",
        { axes: this.axes, shapes },
      );
    }
    return [a, b];
  }

  outputShape(...inputShapes: readonly Shape[]): Shape {
    const axes = this.#axes(inputShapes.map((shape) => [-1, ...shape]));
    const rest = inputShapes.flatMap((shape, which) => shape.filter((_, axis) => axis + 1 !== axes[which]));
    return rest.length === 0 ? [1] : rest;
  }

  merge(inputs: readonly Value[], _context: CallContext): CallResult {
    const axes = this.#axes(inputs.map(({ shape }) => shape));
    const [a, b] = inputs.map((x, which) => this.#rows(x, axes[which] as number)) as [Value, Value];
    const [batch = 1] = a.shape;
    const shape = [batch, ...this.outputShape(...inputs.map((x) => x.shape.slice(1)))];
    return { output: reshape(matmul(a, b, { transposeB: true }), shape) };
  }

  /** x as `[B, everything else, K]`. */
  #rows(x: Value, axis: number): Value {
    const size = x.shape[axis] as number;
    const unit = this.normalize ? div(x, norm(x, axis)) : x;
    const last = transposeToLast(unit, axis);
    return reshape(last, [x.shape[0] as number, sizeOf(x.shape.slice(1)) / size, size]);
  }
}

/** The L2 norm along an axis, at least 1e-7; the floor is under the root, so that its gradient is finite at 0. */
function norm(x: Value, axis: number): Value {
  return sqrt(maximum(sum(square(x), { axes: axis, keepDims: true }), 1e-14));
}

function transposeToLast(x: Value, axis: number): Value {
  const order = x.shape.map((_, d) => d);
  if (axis === order.length - 1) return x;
  return transpose(x, [...order.filter((d) => d !== axis), axis]);
}

/** A layer that takes the dot product of two inputs: `dot({ axes: 1 }).call([a, b])`. */
export function dot(options: DotOptions): Dot {
  return new Dot(options);
}
