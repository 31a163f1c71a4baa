import type { NdArray } from "../../core/nd_array.ts";
import type { Shape } from "../../core/shape.ts";
import type { Layer } from "../../nn/layers/index.ts";
import type { Name, OnnxGraph } from "./graph.ts";

/** A value between layers. */
export interface Tensor {
  readonly name: Name;
  /** Without the batch. */
  readonly shape: Shape;
  /** The name of its mask, bool `[N, T]`, where it has one. */
  readonly mask?: Name | undefined;
}

/** A layer that is being written. */
export interface LayerCall {
  readonly graph: OnnxGraph;
  readonly layer: Layer;
  readonly inputs: readonly [Tensor, ...Tensor[]];
  /** Where a recurrent layer starts; none where it starts from zeros. */
  readonly states: readonly Tensor[];
  /** In Keras's order. */
  readonly weights: readonly NdArray[];
  /** The shape of the layer's first output, without the batch. */
  readonly outputShape: Shape;
}

/** Writes a layer's nodes and gives its outputs. @throws ValueError for an option that has no ONNX form, by name. */
export type EmitLayer = (call: LayerCall) => readonly Tensor[];
