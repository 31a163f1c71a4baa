/** Models for ONNX Runtime and whatever else reads ONNX. */
import type { NdArray } from "../../core/nd_array.ts";
import type { SymbolicTensor } from "../../nn/layers/index.ts";
import type { Model } from "../../nn/model.ts";
import { OnnxGraph } from "./graph.ts";
import { emitLayer } from "./layers.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The model as an ONNX file for inference (operator set 17): what ONNX Runtime runs. The batch may have any size; ids are int32.
 * Masks keep their meaning, wherever the padding is. Dropout is left out.
 * @throws ValueError for a layer, activation or option that has no ONNX form, by name.
 * @example
 * await writeFile("sentiment.onnx", await toOnnx(model));
 */
export async function toOnnx(model: Model): Promise<Uint8Array<ArrayBuffer>> {
  const arrays = await model.weights();
  const values = new Map(model.weightVariables.map((variable, index) => [variable, arrays[index] as NdArray]));
  const graph = new OnnxGraph();
  const { inputs, inputSpecs, nodes, outputs } = model.graph;
  const tensors = new Map<SymbolicTensor, Tensor>();
  inputs.forEach((input, index) => {
    const { name, shape, dtype } = inputSpecs[index] as (typeof inputSpecs)[number];
    const id = graph.input(inputs.length === 1 ? "input" : name, dtype === "float32" ? "float32" : "int32", shape);
    tensors.set(input, { name: id, shape });
  });
  for (const { layer, inputs: read, outputs: made } of nodes) {
    const weights = layer.weights.map((variable) => values.get(variable) as NdArray);
    const given = read.map((tensor) => tensors.get(tensor) as Tensor);
    const outputShape = (made[0] as SymbolicTensor).shape;
    const results = emitLayer({ graph, layer, inputs: given as [Tensor, ...Tensor[]], weights, outputShape });
    made.forEach((tensor, index) => {
      tensors.set(tensor, results[index] as Tensor);
    });
  }
  outputs.forEach((output, index) => {
    const { name, shape } = tensors.get(output) as Tensor;
    graph.output(outputs.length === 1 ? "output" : (model.graph.outputNames[index] as string), name, shape);
  });
  return graph.finish(model.name);
}
