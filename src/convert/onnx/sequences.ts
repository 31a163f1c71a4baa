/** Layers over time, `[N, T, D]`, as ONNX nodes: convolution, pooling, masking, padding, reshaping. */
import type { NdArray } from "../../core/nd_array.ts";
import { endsOf, type Padding } from "../../nn/layers/window_options.ts";
import { activationSpec, emitActivation } from "./activations.ts";
import type { Name, OnnxGraph } from "./graph.ts";
import type { EmitLayer, LayerCall, Tensor } from "./tensor.ts";

/** Transposes `[N, T, D]` to `[N, D, T]`, the layout of ONNX's convolution and pooling, and back. */
const turned = (graph: OnnxGraph, x: Name): Name => graph.node("Transpose", [x], { perm: [0, 2, 1] });

function windowAttributes({ layer: { config }, inputs: [{ shape }] }: LayerCall, size: number) {
  const [stride, dilation] = [config.strides as number, (config.dilationRate as number | undefined) ?? 1];
  const ends = endsOf(shape[0] as number, config.padding as Padding, { size, stride, dilation });
  return { attributes: { kernel_shape: [size], strides: [stride], pads: ends }, dilation };
}

export const emitConv1d: EmitLayer = (call) => {
  const { graph, layer, inputs, weights, outputShape } = call;
  const [kernel, bias] = weights as [NdArray, NdArray | undefined];
  const [size, channels, filters] = kernel.shape as [number, number, number];
  // Keras's layout is [size, channels, filters], ONNX's is [filters, channels, size].
  const data = new Float32Array(kernel.data.length);
  for (let at = 0; at < size; at++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let filter = 0; filter < filters; filter++) {
        data[(filter * channels + channel) * size + at] = kernel.data[
          (at * channels + channel) * filters + filter
        ] as number;
      }
    }
  }
  const { attributes, dilation } = windowAttributes(call, size);
  const operands = [
    turned(graph, inputs[0].name),
    graph.weight(`${layer.name}/kernel`, { shape: [filters, channels, size], data }),
    ...(bias === undefined ? [] : [graph.weight(`${layer.name}/bias`, bias)]),
  ];
  const group = layer.config.groups as number;
  const made = turned(graph, graph.node("Conv", operands, { ...attributes, dilations: [dilation], group }));
  return [{ name: emitActivation(graph, made, activationSpec(layer.config.activation)), shape: outputShape }];
};

/** The maximum or mean of each window, excluding padding. */
export function emitPooling(type: "MaxPool" | "AveragePool"): EmitLayer {
  return (call) => {
    const { graph, layer, inputs, outputShape } = call;
    const { attributes } = windowAttributes(call, layer.config.poolSize as number);
    return [{ name: turned(graph, graph.node(type, [turned(graph, inputs[0].name)], attributes)), shape: outputShape }];
  };
}

export const emitGlobalMax: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const keepdims = layer.config.keepdims === true ? 1 : 0;
  return [{ name: graph.node("ReduceMax", [x.name], { axes: [1], keepdims }), shape: outputShape }];
};

export const emitGlobalAverage: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const keepdims = layer.config.keepdims === true ? 1 : 0;
  if (x.mask === undefined) {
    return [{ name: graph.node("ReduceMean", [x.name], { axes: [1], keepdims }), shape: outputShape }];
  }
  const counts = graph.node("Unsqueeze", [x.mask, graph.ints(2)]);
  const kept = graph.node("Where", [counts, x.name, graph.scalar(0)]);
  const total = graph.node("ReduceSum", [kept, graph.ints(1)], { keepdims });
  const count = graph.node("ReduceSum", [graph.cast(counts, "float32"), graph.ints(1)], { keepdims });
  const divisor = graph.node("Max", [count, graph.scalar(1)]);
  return [{ name: graph.node("Div", [total, divisor]), shape: outputShape }];
};

export const emitMasking: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const isValue = graph.node("Equal", [x.name, graph.scalar(layer.config.maskValue as number)]);
  const differs = graph.cast(graph.node("Not", [isValue]), "float32");
  const counts = graph.node("ReduceMax", [differs], { axes: [-1], keepdims: 1 });
  const mask = graph.cast(graph.node("Squeeze", [counts, graph.ints(-1)]), "bool");
  return [{ name: graph.node("Mul", [x.name, counts]), shape: outputShape, mask }];
};

/** A layer that only changes an example's shape. */
export const emitReshape: EmitLayer = ({ graph, inputs: [x], outputShape }) => [
  { name: graph.node("Reshape", [x.name, graph.ints(-1, ...outputShape)]), shape: outputShape },
];

export const emitPermute: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => [
  {
    name: graph.node("Transpose", [x.name], { perm: [0, ...(layer.config.dims as readonly number[])] }),
    shape: outputShape,
  },
];

export const emitRepeatVector: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const n = layer.config.n as number;
  const name = graph.node("Expand", [graph.node("Unsqueeze", [x.name, graph.ints(1)]), graph.ints(1, n, 1)]);
  return [{ name, shape: outputShape }];
};

export const emitUpSampling: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const size = layer.config.size as number;
  const wide = graph.node("Expand", [graph.node("Unsqueeze", [x.name, graph.ints(2)]), graph.ints(1, 1, size, 1)]);
  return [{ name: graph.node("Reshape", [wide, graph.ints(-1, ...outputShape)]), shape: outputShape }];
};

export const emitZeroPadding: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const [before, after] = layer.config.padding as readonly [number, number];
  return [{ name: graph.node("Pad", [x.name, graph.ints(0, before, 0, 0, after, 0)]), shape: outputShape }];
};

export const emitCropping: EmitLayer = ({ graph, layer, inputs: [x], outputShape }) => {
  const [before] = layer.config.cropping as readonly [number, number];
  const end = before + (outputShape[0] as number);
  return [sliceTime(graph, x, before, end, outputShape)];
};

function sliceTime(graph: OnnxGraph, x: Tensor, from: number, to: number, shape: readonly number[]): Tensor {
  return { name: graph.node("Slice", [x.name, graph.ints(from), graph.ints(to), graph.ints(1)]), shape };
}
