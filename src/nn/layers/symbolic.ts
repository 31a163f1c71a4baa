/** What a functional model is written with: tensors that exist only as a plan, and the calls of layers that make them. */
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import type { Layer } from "./layer.ts";

/** Shape and dtype of one output of a layer. */
export interface SymbolicType {
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * A tensor of a model that is being written: what `input()` gives, and what a layer's `call` gives back. It holds no numbers.
 * Keras: https://keras.io/api/models/model/#functional-api
 */
export class SymbolicTensor implements SymbolicType {
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The call that makes this tensor. */
  readonly node: LayerNode;
  /** Which of the call's outputs this is. */
  readonly index: number;

  constructor(node: LayerNode, index: number, { shape, dtype }: SymbolicType) {
    this.node = node;
    this.index = index;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** Where it comes from, as Keras prints it: layer, which call of the layer, which output. */
  get source(): string {
    return `${this.node.layer.name || this.node.layer.className}[${this.node.index}][${this.index}]`;
  }
}

/** What a layer is called on. */
export interface NodeArguments {
  readonly inputs: readonly SymbolicTensor[];
  /** Masks given by the caller, one for each input; where undefined, the input's own mask counts. */
  readonly masks: readonly (SymbolicTensor | undefined)[];
  readonly initialState: readonly SymbolicTensor[] | undefined;
}

/** One call of a layer. A layer that is called several times is shared: its weights are the same in all of them. */
export class LayerNode implements NodeArguments {
  readonly layer: Layer;
  /** Which call of the layer this is. */
  readonly index: number;
  readonly inputs: readonly SymbolicTensor[];
  readonly masks: readonly (SymbolicTensor | undefined)[];
  readonly initialState: readonly SymbolicTensor[] | undefined;
  readonly outputs: readonly SymbolicTensor[];

  constructor(layer: Layer, { inputs, masks, initialState }: NodeArguments, types: readonly SymbolicType[]) {
    this.layer = layer;
    this.index = layer.nodes.length;
    this.inputs = inputs;
    this.masks = masks;
    this.initialState = initialState;
    this.outputs = types.map((type, index) => new SymbolicTensor(this, index, type));
    layer.nodes.push(this);
  }

  /** Every tensor that the call reads, in Keras's order. */
  get reads(): readonly SymbolicTensor[] {
    return [...this.inputs, ...(this.initialState ?? []), ...this.masks.filter((mask) => mask !== undefined)];
  }
}
