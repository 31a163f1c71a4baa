import type { NdArray } from "../../core/nd_array.ts";
import type { Shape } from "../../core/shape.ts";
import type { Layer } from "../../nn/layers/index.ts";
import type { Name, OnnxGraph } from "./graph.ts";

/** A value between layers. */
export interface Tensor {
  readonly name: Name;
  /** The shape without the batch axis. */
  readonly shape: Shape;
  /** The name of its mask, bool `[N, T]`, if any. */
  readonly mask?: Name | undefined;
}

/** A layer that is being written. */
export interface LayerCall {
  readonly graph: OnnxGraph;
  readonly layer: Layer;
  readonly inputs: readonly [Tensor, ...Tensor[]];
  /** The initial states of a recurrent layer; empty if they are zeros. */
  readonly states: readonly Tensor[];
  /** The weights in Keras's order. */
  readonly weights: readonly NdArray[];
  /** The shape of the layer's first output, without the batch. */
  readonly outputShape: Shape;
}

/** Writes a layer's nodes and returns its outputs. @throws ValueError naming an option that has no ONNX form. */
export type EmitLayer = (call: LayerCall) => readonly Tensor[];
