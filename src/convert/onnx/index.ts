/** Converts models to ONNX. */
import type { NdArray } from "../../core/nd_array.ts";
import { readValue } from "../../core/option_table.ts";
import type { LayerGraph } from "../../nn/graph/layer_graph.ts";
import { NestedModel } from "../../nn/graph/nested_model.ts";
import type { LayerNode, SymbolicTensor } from "../../nn/layers/index.ts";
import { type AnyModel, anyModel } from "../any_model.ts";
import { OnnxGraph } from "./graph.ts";
import { emitLayer } from "./layers.ts";
import type { Tensor } from "./tensor.ts";

type Values = ReadonlyMap<AnyModel["weightVariables"][number], NdArray>;

/**
 * Converts the model to an ONNX file for inference (operator set 17), for example with ONNX Runtime. The batch size is
 * dynamic; ids are int32. Masks are supported for any position of the padding. Dropout is omitted.
 * @throws ValueError naming a layer, activation or option that has no ONNX form.
 * @example
 * await writeFile("sentiment.onnx", await toOnnx(model));
 */
export async function toOnnx(model: AnyModel): Promise<Uint8Array<ArrayBuffer>> {
  readValue("toOnnx", "model", anyModel, model);
  const arrays = await model.weights();
  const values: Values = new Map(model.weightVariables.map((variable, index) => [variable, arrays[index] as NdArray]));
  const onnx = new OnnxGraph();
  const { inputs, inputSpecs, outputs, outputNames } = model.graph;
  const given = inputs.map((_, index): Tensor => {
    const { name, shape, dtype } = inputSpecs[index] as (typeof inputSpecs)[number];
    return { name: onnx.input(inputs.length === 1 ? "input" : name, dtype, shape), shape };
  });
  for (const [index, { name, shape }] of emitGraph(onnx, model.graph, given, values).entries()) {
    onnx.output(outputs.length === 1 ? "output" : (outputNames[index] as string), name, shape);
  }
  return onnx.finish(model.name);
}

/** Writes the calls of a graph, including nested models, and returns its outputs. */
function emitGraph(onnx: OnnxGraph, graph: LayerGraph, given: readonly Tensor[], values: Values): readonly Tensor[] {
  const tensors = new Map<SymbolicTensor, Tensor>(graph.inputs.map((input, index) => [input, given[index] as Tensor]));
  const at = (tensor: SymbolicTensor) => tensors.get(tensor) as Tensor;
  for (const node of graph.nodes) {
    const read = node.inputs.map((tensor, index): Tensor => {
      const mask = node.masks[index];
      return mask === undefined ? at(tensor) : { ...at(tensor), mask: at(mask).name };
    });
    const results =
      node.layer instanceof NestedModel
        ? emitGraph(onnx, node.layer.graph, read, values)
        : emitNode(onnx, node, read, node.initialState?.map(at) ?? [], values);
    node.outputs.forEach((tensor, index) => {
      tensors.set(tensor, results[index] as Tensor);
    });
  }
  return graph.outputs.map(at);
}

function emitNode(
  graph: OnnxGraph,
  { layer, outputs, inputs: read }: LayerNode,
  inputs: readonly Tensor[],
  states: readonly Tensor[],
  values: Values,
): readonly Tensor[] {
  const weights = layer.weights.map((variable) => values.get(variable) as NdArray);
  const outputShape = (outputs[0] as SymbolicTensor).shape;
  const given = inputs.map((tensor, index): Tensor => {
    // As in Keras, float32 ids are cast to int32.
    const isId = layer.inputType(index).dtype === "int32" && read[index]?.dtype !== "int32";
    return isId ? { ...tensor, name: graph.cast(tensor.name, "int32") } : tensor;
  });
  return emitLayer({ graph, layer, inputs: given as [Tensor, ...Tensor[]], states, weights, outputShape });
}
