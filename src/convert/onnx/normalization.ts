/** Normalisations as ONNX nodes. */
import type { NdArray } from "../../core/nd_array.ts";
import { normalizeAxis, type Shape } from "../../core/shape.ts";
import type { Name, OnnxGraph } from "./graph.ts";
import type { EmitLayer } from "./tensor.ts";

/** Reshapes a weight so that it applies along `axes` and broadcasts over the others (the batch is axis 0). */
function spread(graph: OnnxGraph, name: string, weight: NdArray, shape: Shape, axes: readonly number[]): Name {
  const broadcast = [1, ...shape].map((size, axis) => (axes.includes(axis) ? size : 1));
  return graph.weight(name, { shape: broadcast, data: weight.data });
}

/** For inference, batch normalization is one scale and one offset per feature, computed in float64. */
export const emitBatchNormalization: EmitLayer = ({ graph, layer, inputs: [x], weights, outputShape }) => {
  const { config, name } = layer;
  const axis = normalizeAxis(name, config.axis as number, x.shape.length + 1);
  const [mean, variance] = weights.slice(-2) as [NdArray, NdArray];
  const gamma = config.scale === true ? weights[0] : undefined;
  const beta = config.center === true ? weights[config.scale === true ? 1 : 0] : undefined;
  const factors = Array.from(variance.data, (value, index) => {
    return (gamma?.data[index] ?? 1) / Math.sqrt(value + (config.epsilon as number));
  });
  const summands = factors.map((factor, index) => (beta?.data[index] ?? 0) - (mean.data[index] as number) * factor);
  const part = (what: string, data: readonly number[]) =>
    spread(graph, `${name}/${what}`, { shape: mean.shape, data: Float32Array.from(data) }, x.shape, [axis]);
  const scaled = graph.node("Mul", [x.name, part("factor", factors)]);
  return [{ ...x, name: graph.node("Add", [scaled, part("summand", summands)]), shape: outputShape }];
};

export const emitLayerNormalization: EmitLayer = ({ graph, layer, inputs: [x], weights, outputShape }) => {
  const { config, name } = layer;
  const given = typeof config.axis === "number" ? [config.axis] : (config.axis as readonly number[]);
  const axes = given.map((axis) => normalizeAxis(name, axis, x.shape.length + 1));
  const mean = (value: Name) => graph.node("ReduceMean", [value], { axes, keepdims: 1 });
  const centred = graph.node("Sub", [x.name, mean(x.name)]);
  const variance = graph.node("Add", [
    mean(graph.node("Mul", [centred, centred])),
    graph.scalar(config.epsilon as number),
  ]);
  const source = config.rmsScaling === true ? x.name : centred;
  let result = graph.node("Div", [source, graph.node("Sqrt", [variance])]);
  const [gamma, beta] = config.scale === true ? weights : [undefined, weights[0]];
  if (gamma !== undefined) result = graph.node("Mul", [result, spread(graph, `${name}/gamma`, gamma, x.shape, axes)]);
  if (beta !== undefined) result = graph.node("Add", [result, spread(graph, `${name}/beta`, beta, x.shape, axes)]);
  return [{ ...x, name: result, shape: outputShape }];
};
