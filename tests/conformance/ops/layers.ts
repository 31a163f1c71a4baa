/**
 * Layers and options that Keras's figures leave out: on the GPU against float64, with gradients by inputs and weights.
 */
import * as nn from "../../../src/nn/layers/index.ts";
import { type LayerCaseOptions, layerCase } from "./layer_case.ts";
import { apart, given, normal, type OpCase, type TensorSpec } from "./op_case.ts";

const SEQUENCE: LayerCaseOptions = { shapes: [[3, 7, 4]] };

/** Numbers with equal ones among them, as after a ReLU. */
const TIES: TensorSpec = given([1, 6, 2], [0, 1, 0, 1, 3, 2, 3, 2, -1, 0, 0, 0]);

/** Timesteps of zeros among others. */
const GAPS: TensorSpec = {
  ...normal([2, 5, 3]),
  draw: (random, index) => (Math.floor(index / 3) % 3 === 1 ? 0 : random.normal()),
};

const activations: readonly OpCase[] = [
  layerCase("layer PReLU", "one slope per element", () => nn.prelu(), SEQUENCE),
  layerCase("layer PReLU", "shared over time", () => nn.prelu({ sharedAxes: [1] }), SEQUENCE),
  layerCase("layer ReLU", "all options", () => nn.relu({ maxValue: 1, negativeSlope: 0.2, threshold: 0.3 }), SEQUENCE),
  layerCase("layer LeakyReLU", "0.3", () => nn.leakyRelu(), SEQUENCE),
  layerCase("layer ELU", "alpha", () => nn.elu({ alpha: 0.5 }), SEQUENCE),
  layerCase("layer Softmax", "over time", () => nn.softmax({ axis: 1 }), SEQUENCE),
  layerCase("layer Softmax", "masked", () => nn.softmax(), { shapes: [[5, 7]], masked: [0] }),
  layerCase("layer Dense", "gelu, masked", () => nn.dense({ units: 3, activation: "gelu" }), {
    shapes: [[2, 4, 5]],
    masked: [0],
  }),
];

const noise: readonly OpCase[] = [
  layerCase("layer Masking", "zeros", () => nn.masking(), {
    shapes: [[2, 5, 3]],
    inputs: [GAPS],
    // Central differences leave the value that is masked.
    options: { hasGradient: false },
  }),
  layerCase("layer Dropout", "noise shape", () => nn.dropout({ rate: 0.4, noiseShape: [null, 1, null] }), {
    ...SEQUENCE,
    training: true,
  }),
  layerCase("layer Dropout", "seed", () => nn.dropout({ rate: 0.4, seed: 77 }), { ...SEQUENCE, training: true }),
  layerCase("layer SpatialDropout1D", "training", () => nn.spatialDropout1d({ rate: 0.4 }), {
    ...SEQUENCE,
    training: true,
  }),
  layerCase("layer GaussianNoise", "training", () => nn.gaussianNoise({ stddev: 0.7 }), {
    ...SEQUENCE,
    training: true,
  }),
  layerCase("layer GaussianDropout", "training", () => nn.gaussianDropout({ rate: 0.3 }), {
    ...SEQUENCE,
    training: true,
  }),
  layerCase("layer AlphaDropout", "training", () => nn.alphaDropout({ rate: 0.3, noiseShape: [null, null, 1] }), {
    ...SEQUENCE,
    training: true,
  }),
];

const normalization: readonly OpCase[] = [
  layerCase("layer LayerNormalization", "two axes", () => nn.layerNormalization({ axis: [1, 2] }), SEQUENCE),
  layerCase(
    "layer LayerNormalization",
    "axis 1, no scale",
    () => nn.layerNormalization({ axis: 1, scale: false }),
    SEQUENCE,
  ),
  layerCase(
    "layer LayerNormalization",
    "rms",
    () => nn.layerNormalization({ rmsScaling: true, epsilon: 0.1 }),
    SEQUENCE,
  ),
  layerCase("layer LayerNormalization", "no center", () => nn.layerNormalization({ center: false }), {
    shapes: [[65, 7]],
  }),
  layerCase("layer BatchNormalization", "training, with its updates", () => nn.batchNormalization({ momentum: 0.7 }), {
    ...SEQUENCE,
    training: true,
    withUpdates: true,
  }),
  layerCase("layer BatchNormalization", "training, masked", () => nn.batchNormalization({ momentum: 0.7 }), {
    ...SEQUENCE,
    masked: [0],
    training: true,
    withUpdates: true,
  }),
  layerCase(
    "layer BatchNormalization",
    "vectors, plain",
    () => nn.batchNormalization({ center: false, scale: false }),
    {
      shapes: [[65, 3]],
      training: true,
    },
  ),
  layerCase("layer BatchNormalization", "axis 1", () => nn.batchNormalization({ axis: 1 }), {
    ...SEQUENCE,
    training: true,
  }),
  layerCase("layer BatchNormalization", "inference, masked", () => nn.batchNormalization(), {
    ...SEQUENCE,
    masked: [0],
  }),
];

const CONVOLUTIONS: readonly Partial<nn.Conv1dOptions>[] = [
  { padding: "same" },
  { padding: "same", kernelSize: 4 },
  { padding: "same", strides: 3 },
  { padding: "valid", strides: 2, useBias: false },
  { padding: "causal", strides: 2, activation: "relu" },
  { padding: "same", dilationRate: 2 },
  { padding: "valid", dilationRate: 3 },
  { padding: "same", groups: 2, activation: "tanh" },
  { kernelSize: 1 },
  { kernelSize: 1, strides: 3 },
  { kernelSize: 7 },
];

const windows: readonly OpCase[] = [
  ...CONVOLUTIONS.map((options) =>
    layerCase("layer Conv1D", JSON.stringify(options), () => nn.conv1d({ filters: 6, kernelSize: 3, ...options }), {
      ...SEQUENCE,
      options: { tolerance: { absolute: 5e-6, relative: 2e-5 } },
    }),
  ),
  ...(
    [{}, { poolSize: 3 }, { poolSize: 3, strides: 1 }, { poolSize: 3, strides: 2, padding: "same" }] as const
  ).flatMap((options) => [
    layerCase("layer MaxPooling1D", JSON.stringify(options), () => nn.maxPooling1d(options), SEQUENCE),
    layerCase("layer AveragePooling1D", JSON.stringify(options), () => nn.averagePooling1d(options), SEQUENCE),
  ]),
  layerCase("layer MaxPooling1D", "with equals", () => nn.maxPooling1d({ poolSize: 3 }), {
    shapes: [[1, 6, 2]],
    inputs: [TIES],
    // Central differences see both sides of a tie.
    options: { hasGradient: false },
  }),
  layerCase("layer GlobalAveragePooling1D", "masked, kept", () => nn.globalAveragePooling1d({ keepdims: true }), {
    ...SEQUENCE,
    masked: [0],
  }),
  layerCase("layer GlobalMaxPooling1D", "kept", () => nn.globalMaxPooling1d({ keepdims: true }), SEQUENCE),
];

const reshaping: readonly OpCase[] = [
  layerCase("layer Flatten", "a sequence", () => nn.flatten(), SEQUENCE),
  layerCase("layer Reshape", "with −1", () => nn.reshape({ targetShape: [2, -1] }), SEQUENCE),
  layerCase("layer Permute", "[2, 1]", () => nn.permute({ dims: [2, 1] }), SEQUENCE),
  layerCase("layer RepeatVector", "5 times", () => nn.repeatVector({ n: 5 }), { shapes: [[3, 4]] }),
  layerCase("layer Cropping1D", "[1, 2]", () => nn.cropping1d({ cropping: [1, 2] }), SEQUENCE),
  layerCase("layer ZeroPadding1D", "[2, 1]", () => nn.zeroPadding1d({ padding: [2, 1] }), SEQUENCE),
  layerCase("layer UpSampling1D", "3", () => nn.upSampling1d({ size: 3 }), SEQUENCE),
  layerCase("layer Activation", "glu", () => nn.activation("glu"), { shapes: [[3, 7, 4]], inputs: [apart([3, 7, 4])] }),
];

/** Cases of layers with one input. */
export const layerCases: readonly OpCase[] = [...activations, ...noise, ...normalization, ...windows, ...reshaping];
