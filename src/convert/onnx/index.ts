/** Models for ONNX Runtime and whatever else reads ONNX. */
import type { NdArray } from "../../core/nd_array.ts";
import type { Shape } from "../../core/shape.ts";
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
  const { shape, dtype } = model.stack.inputSpec;
  let tensor: Tensor = { name: graph.input("input", dtype, shape), shape };
  for (const [index, layer] of model.layers.entries()) {
    const weights = layer.weights.map((variable) => values.get(variable) as NdArray);
    const outputShape = model.stack.shapes[index] as Shape;
    [tensor] = emitLayer({ graph, layer, inputs: [tensor], weights, outputShape }) as [Tensor];
  }
  graph.output("output", tensor.name, tensor.shape);
  return graph.finish(model.name);
}
