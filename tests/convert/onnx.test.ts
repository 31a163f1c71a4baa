/** Models written as ONNX, run by ONNX Runtime against Sluice's own predictions. */
import { afterAll, describe, expect, test } from "vitest";
import { toOnnx } from "../../src/convert/index.ts";
import {
  activation,
  alphaDropout,
  averagePooling1d,
  batchNormalization,
  bidirectional,
  conv1d,
  cropping1d,
  dense,
  dropout,
  elu,
  embedding,
  flatten,
  gaussianDropout,
  gaussianNoise,
  globalAveragePooling1d,
  globalMaxPooling1d,
  gru,
  gruCell,
  input,
  type Layer,
  layerNormalization,
  leakyRelu,
  lstm,
  type Model,
  masking,
  maxPooling1d,
  model,
  type NdArray,
  peepholeLstmCell,
  permute,
  prelu,
  relu,
  repeatVector,
  reshape,
  rnn,
  type Shape,
  sequential,
  simpleRnn,
  softmax,
  spatialDropout1d,
  stackedRnnCells,
  upSampling1d,
  zeroPadding1d,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { expectClose } from "../support/tolerance.ts";
import { floats, PADDED, predictInOnnx, scramble } from "./predict.ts";
import { hasPython } from "./python.ts";

const isInstalled = hasPython("onnxruntime", "python3-onnxruntime");
const device = await testDevice();
afterAll(() => device.dispose());

async function expectSame(model: Model, x: NdArray): Promise<void> {
  await scramble(model);
  const [came] = predictInOnnx(await toOnnx(model), [x]) as [NdArray];
  expectClose("ONNX Runtime", came, await model.predict(x), { absolute: 1e-6, relative: 1e-5 });
  model.dispose();
}

const predict = (layers: readonly Layer[], inputShape: Shape): Model => sequential(layers, { device, inputShape });

describe.skipIf(!isInstalled)("ONNX Runtime predicts the same", () => {
  test("embedding, lstm, dense", () =>
    expectSame(
      predict(
        [
          embedding({ inputDim: 10, outputDim: 4 }),
          dropout({ rate: 0.5 }),
          lstm({ units: 5 }),
          dense({ units: 2, activation: "sigmoid" }),
        ],
        [6],
      ),
      PADDED,
    ));

  test.each([
    ["last output", {}],
    ["sequences", { returnSequences: true }],
    ["backwards", { goBackwards: true }],
    ["sequences backwards", { goBackwards: true, returnSequences: true }],
  ])("masked lstm: %s", (_, options) =>
    expectSame(
      predict([embedding({ inputDim: 10, outputDim: 4, maskZero: true }), lstm({ units: 3, ...options })], [6]),
      PADDED,
    ),
  );

  test.each([
    ["gru", gru({ units: 3 })],
    ["gru without resetAfter, sequences", gru({ units: 3, resetAfter: false, returnSequences: true })],
    ["simpleRnn, zeros where masked", simpleRnn({ units: 3, zeroOutputForMask: true })],
    ["lstm, zeros where masked, sequences", lstm({ units: 3, zeroOutputForMask: true, returnSequences: true })],
    ["bidirectional, sequences", bidirectional({ layer: gru({ units: 3, returnSequences: true }), mergeMode: "mul" })],
    ["bidirectional", bidirectional({ layer: lstm({ units: 3 }) })],
    ["lstm with peepholes", rnn({ cell: peepholeLstmCell({ units: 3 }), returnSequences: true })],
    [
      "lstm with peepholes, backwards",
      rnn({ cell: peepholeLstmCell({ units: 3, useBias: false }), goBackwards: true }),
    ],
    ["stack with peepholes", rnn({ cell: stackedRnnCells([gruCell({ units: 2 }), peepholeLstmCell({ units: 3 })]) })],
    [
      "bidirectional of its own",
      bidirectional({
        layer: simpleRnn({ units: 3, goBackwards: true }),
        backwardLayer: lstm({ units: 3 }),
        mergeMode: "ave",
      }),
    ],
  ] as [string, Layer][])("masked %s", (_, layer) =>
    expectSame(predict([embedding({ inputDim: 10, outputDim: 4, maskZero: true }), layer], [6]), PADDED),
  );

  test("lstm with peepholes from given states", async () => {
    const [x, h, c] = [input({ shape: [4, 2] }), input({ shape: [3] }), input({ shape: [3] })];
    const outputs = rnn({ cell: peepholeLstmCell({ units: 3 }) }).call(x, { initialState: [h, c] });
    using made = model({ inputs: [x, h, c], outputs, device });
    await scramble(made);
    const data = [floats(2, 4, 2), floats(2, 3), floats(2, 3)];
    const [came] = predictInOnnx(await toOnnx(made), data) as [NdArray];
    expectClose("ONNX Runtime", came, await made.predict(data), { absolute: 1e-6, relative: 1e-5 });
  });

  test("a mask passes through a stack", () =>
    expectSame(
      predict(
        [
          embedding({ inputDim: 10, outputDim: 4, maskZero: true }),
          lstm({ units: 3, returnSequences: true }),
          dense({ units: 3, activation: "tanh" }),
          lstm({ units: 4 }),
        ],
        [6],
      ),
      PADDED,
    ));

  test.each([
    ["relu", "hard_sigmoid"],
    ["linear", "sigmoid"],
    ["softplus", "tanh"],
    ["elu", "relu"],
  ] as const)("lstm with %s and %s, without bias", (act, recurrentActivation) =>
    expectSame(
      predict([lstm({ units: 3, activation: act, recurrentActivation, useBias: false })], [4, 2]),
      floats(2, 4, 2),
    ),
  );

  test.each([
    "linear",
    "relu",
    "relu6",
    "leakyRelu",
    "elu",
    "celu",
    "selu",
    "sigmoid",
    "logSigmoid",
    "hardSigmoid",
    "tanh",
    "hardTanh",
    "tanhShrink",
    "softplus",
    "softsign",
    "exponential",
    "silu",
    "hardSilu",
    "mish",
    "gelu",
    "softmax",
    "logSoftmax",
  ] as const)("dense with %s", (name) =>
    expectSame(predict([dense({ units: 5, activation: name })], [3, 4]), floats(2, 3, 4)),
  );

  test.each([
    ["conv1d, valid, strided", [7, 4], [conv1d({ filters: 3, kernelSize: 3, strides: 2, activation: "relu" })]],
    ["conv1d, same, strided", [7, 4], [conv1d({ filters: 3, kernelSize: 4, strides: 2, padding: "same" })]],
    [
      "conv1d, causal, dilated, in groups",
      [7, 4],
      [conv1d({ filters: 6, kernelSize: 2, dilationRate: 3, padding: "causal", groups: 2, useBias: false })],
    ],
    ["maxPooling1d", [7, 4], [maxPooling1d({ poolSize: 3, strides: 2, padding: "same" }), maxPooling1d()]],
    ["averagePooling1d", [7, 4], [averagePooling1d({ poolSize: 3, strides: 2, padding: "same" }), averagePooling1d()]],
    ["pooling over time", [7, 4], [globalMaxPooling1d({ keepdims: true }), globalAveragePooling1d()]],
    ["masking and a mean over time", [3, 2], [masking(), globalAveragePooling1d()]],
    [
      "batchNormalization",
      [3, 4],
      [
        batchNormalization({ epsilon: 3 }),
        batchNormalization({ axis: 1, epsilon: 3, center: false }),
        batchNormalization({ scale: false, epsilon: 3 }),
      ],
    ],
    [
      "layerNormalization",
      [3, 4],
      [
        layerNormalization(),
        layerNormalization({ axis: [1, 2], scale: false }),
        layerNormalization({ axis: 1, center: false }),
      ],
    ],
    ["layerNormalization, rms", [3, 4], [layerNormalization({ rmsScaling: true })]],
    [
      "reshaping",
      [3, 4],
      [
        permute({ dims: [2, 1] }),
        reshape({ targetShape: [6, -1] }),
        upSampling1d({ size: 2 }),
        zeroPadding1d({ padding: [1, 2] }),
        cropping1d({ cropping: [2, 0] }),
        flatten(),
        repeatVector({ n: 2 }),
      ],
    ],
    [
      "prelu and what only training knows",
      [3, 4],
      [
        prelu({ sharedAxes: [1] }),
        gaussianNoise({ stddev: 1 }),
        gaussianDropout({ rate: 0.5 }),
        alphaDropout({ rate: 0.5 }),
        spatialDropout1d({ rate: 0.5 }),
      ],
    ],
  ] as [string, number[], Layer[]][])("%s", (_, shape, layers) => {
    const x = floats(3, ...shape);
    // Some timesteps of zeros, and one row of nothing but zeros, for masking.
    x.data.fill(0, 0, 2 * (shape[1] as number));
    x.data.fill(0, x.data.length - x.data.length / 3);
    return expectSame(predict(layers, shape), x);
  });

  test("activation layers and flatten", () =>
    expectSame(
      predict(
        [
          relu({ maxValue: 1, negativeSlope: 0.1 }),
          leakyRelu({ negativeSlope: 0.4 }),
          elu({ alpha: 0.7 }),
          softmax({ axis: 1 }),
          activation({ name: "leakyRelu", negativeSlope: 0.3 }),
          flatten(),
        ],
        [3, 4],
      ),
      floats(2, 3, 4),
    ));
});

describe("what ONNX lacks is named", () => {
  test("an activation of a recurrent node", async () => {
    const model = predict([dense({ units: 2, activation: "sparsemax" })], [3]);
    await expect(toOnnx(model)).rejects.toThrow(/"sparsemax" has no ONNX form/);
    model.dispose();
  });
});
