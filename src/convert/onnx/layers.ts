/**
 * The ONNX nodes of each layer, one row per class. Dropout and similar layers are omitted: the graph is for inference.
 */
import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { activationSpec, emitActivation } from "./activations.ts";
import { emitAttention, emitConcatenate, emitDot, emitExtreme, emitMerge, emitMultiply } from "./merging.ts";
import { emitBatchNormalization, emitLayerNormalization } from "./normalization.ts";
import { emitRecurrent } from "./recurrent.ts";
import {
  emitConv1d,
  emitCropping,
  emitGlobalAverage,
  emitGlobalMax,
  emitMasking,
  emitPermute,
  emitPooling,
  emitRepeatVector,
  emitReshape,
  emitUpSampling,
  emitZeroPadding,
} from "./sequences.ts";
import type { EmitLayer, LayerCall, Tensor } from "./tensor.ts";
import { emitBidirectional, emitTimeDistributed } from "./wrappers.ts";

const emitEmbedding: EmitLayer = ({ graph, layer, inputs: [ids], weights: [table], outputShape }) => {
  const name = graph.node("Gather", [graph.weight(`${layer.name}/embeddings`, table as NdArray), ids.name]);
  const zero = graph.weight("padding id", { shape: [], data: Int32Array.of(0) });
  const mask = layer.config.maskZero === true ? graph.node("Not", [graph.node("Equal", [ids.name, zero])]) : undefined;
  return [{ name, shape: outputShape, mask }];
};

const emitDense: EmitLayer = ({ graph, layer, inputs: [x], weights: [kernel, bias], outputShape }) => {
  const product = graph.node("MatMul", [x.name, graph.weight(`${layer.name}/kernel`, kernel as NdArray)]);
  const sum = bias === undefined ? product : graph.node("Add", [product, graph.weight(`${layer.name}/bias`, bias)]);
  return [{ ...x, name: emitActivation(graph, sum, activationSpec(layer.config.activation)), shape: outputShape }];
};

const emitNothing: EmitLayer = ({ inputs: [x] }) => [x];

/** Writes an activation layer: either the activation is an option, or its options are the layer's. */
function emitActivationLayer(activation?: string): EmitLayer {
  return ({ graph, layer: { config }, inputs: [x], outputShape }) => {
    const spec = activation === undefined ? activationSpec(config.activation) : { name: activation, options: config };
    return [{ ...x, name: emitActivation(graph, x.name, spec), shape: outputShape }];
  };
}

const emitPRelu: EmitLayer = ({ graph, layer, inputs: [x], weights: [alpha], outputShape }) => {
  const slope = graph.weight(`${layer.name}/alpha`, alpha as NdArray);
  return [{ ...x, name: graph.node("PRelu", [x.name, slope]), shape: outputShape }];
};

const EMITTERS: ReadonlyMap<string, EmitLayer> = new Map<string, EmitLayer>([
  ["Embedding", emitEmbedding],
  ["LSTM", emitRecurrent],
  ["GRU", emitRecurrent],
  ["SimpleRNN", emitRecurrent],
  ["RNN", emitRecurrent],
  ["Bidirectional", emitBidirectional],
  ["TimeDistributed", (call) => emitTimeDistributed(call, emitLayer)],
  ["Add", emitMerge("Add")],
  ["Subtract", emitMerge("Sub")],
  ["Average", emitMerge("Mean")],
  ["Multiply", emitMultiply],
  ["Maximum", emitExtreme("Max")],
  ["Minimum", emitExtreme("Min")],
  ["Concatenate", emitConcatenate],
  ["Dot", emitDot],
  ["Attention", emitAttention],
  ["AdditiveAttention", emitAttention],
  ["Dense", emitDense],
  ["Dropout", emitNothing],
  ["SpatialDropout1D", emitNothing],
  ["GaussianDropout", emitNothing],
  ["GaussianNoise", emitNothing],
  ["AlphaDropout", emitNothing],
  ["Masking", emitMasking],
  ["Conv1D", emitConv1d],
  ["MaxPooling1D", emitPooling("MaxPool")],
  ["AveragePooling1D", emitPooling("AveragePool")],
  ["GlobalMaxPooling1D", emitGlobalMax],
  ["GlobalAveragePooling1D", emitGlobalAverage],
  ["LayerNormalization", emitLayerNormalization],
  ["BatchNormalization", emitBatchNormalization],
  ["Reshape", emitReshape],
  ["Permute", emitPermute],
  ["RepeatVector", emitRepeatVector],
  ["UpSampling1D", emitUpSampling],
  ["ZeroPadding1D", emitZeroPadding],
  ["Cropping1D", emitCropping],
  ["Activation", emitActivationLayer()],
  ["ReLU", emitActivationLayer("relu")],
  ["LeakyReLU", emitActivationLayer("leakyRelu")],
  ["ELU", emitActivationLayer("elu")],
  ["PReLU", emitPRelu],
  ["Softmax", emitActivationLayer("softmax")],
  ["Flatten", emitReshape],
]);

/** Writes one layer. @throws ValueError naming a class or option that has no ONNX form. */
export function emitLayer(call: LayerCall): readonly Tensor[] {
  const { className, name } = call.layer;
  const emit = EMITTERS.get(className);
  if (emit === undefined) {
    throw new ValueError(
      `toOnnx: the layer "${name}" is of the class ${className}, which has no ONNX form here; expected one of ` +
        `${[...EMITTERS.keys()].join(", ")}`,
      { layer: name, className },
    );
  }
  return emit(call);
}
