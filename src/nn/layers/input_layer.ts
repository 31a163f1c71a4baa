import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { type OptionKind, oneOf, optional, readOptions, required, resolvedBy } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { type CallResult, Layer, LayerNode, type SymbolicTensor } from "./layer.ts";
import { LAYER } from "./layer_options.ts";

/** Options of `input`. */
export interface InputOptions {
  /** One example's shape, without the batch: `[500]` for 500 ids. */
  readonly shape: Shape;
  /** float32 when absent, or int32 where everything that reads the input takes ids. */
  readonly dtype?: DType;
  readonly name?: string;
}

/** One example's shape, without the batch. @param name names it in errors: "input: shape" */
/* @__NO_SIDE_EFFECTS__ */
export function shapeKind(name: string): OptionKind<Shape> {
  return resolvedBy("sizes", (shape: Shape) => {
    if (Array.isArray(shape) && Array.from(shape).every((size) => Number.isSafeInteger(size) && size >= 1)) {
      return [...shape];
    }
    throw new ShapeError(
      `${name} is ${Array.isArray(shape) ? formatShape(shape) : shown(shape)}; expected whole sizes of at least 1, ` +
        "without the batch, such as [500]",
      { shape },
    );
  });
}

const INPUT = {
  shape: required(shapeKind("input: shape")),
  dtype: optional(oneOf(["float32", "int32", "bool"])),
  name: LAYER.name,
};

/** Where data enters a functional model. Keras: https://keras.io/api/layers/core_layers/input/ */
export class InputLayer extends Layer {
  readonly className = "InputLayer";
  readonly shape: Shape;
  /** As given; undefined leaves it to the layers that read the input. */
  readonly dtype: DType | undefined;

  constructor(options: InputOptions) {
    const { name, shape, dtype } = readOptions("input", INPUT, options);
    super(name);
    this.shape = shape;
    this.dtype = dtype ?? undefined;
    new LayerNode(this, { inputs: [], masks: [], initialState: undefined }, [
      { shape: this.shape, dtype: dtype ?? "float32" },
    ]);
  }

  get config() {
    return { shape: this.shape, ...(this.dtype === undefined ? {} : { dtype: this.dtype }) };
  }

  override get inputCount() {
    return { least: 0, most: 0 };
  }

  weightSpecs() {
    return [];
  }

  outputShape(): Shape {
    return this.shape;
  }

  compute(x: Value): CallResult {
    return { output: x };
  }
}

/**
 * An input of a functional model.
 * @throws ShapeError for sizes that are not whole numbers of at least 1.
 * @example
 * const ids = input({ shape: [500], name: "ids" });
 * const verdict = dense({ units: 1 }).call(lstm({ units: 100 }).call(embedding({ inputDim: 5000, outputDim: 32
 * }).call(ids)));
 */
export function input(options: InputOptions): SymbolicTensor {
  return (new InputLayer(options).nodes[0] as LayerNode).outputs[0] as SymbolicTensor;
}
