/**
 * TensorFlow.js's files, against TensorFlow.js itself: what it saves predicts the same here, and the other way round.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadTfjs, type TfjsFiles, toTfjs } from "../../src/convert/index.ts";
import {
  batchNormalization,
  bidirectional,
  concatenate,
  conv1d,
  dense,
  dropout,
  embedding,
  FormatError,
  flatten,
  globalAveragePooling1d,
  gru,
  input,
  type Layer,
  layerNormalization,
  leakyRelu,
  lstm,
  type Model,
  maxPooling1d,
  model,
  type NdArray,
  sequential,
  simpleRnn,
  timeDistributed,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { expectClose } from "../support/tolerance.ts";
import { floats, PADDED, scramble } from "./predict.ts";

const device = await testDevice();
beforeAll(() => tf.setBackend("cpu"));
afterAll(() => device.dispose());

/** What TensorFlow.js saves, as the files that it would write. */
async function saved(theirs: tfl.LayersModel): Promise<Map<string, Uint8Array>> {
  let files = new Map<string, Uint8Array>();
  await theirs.save({
    async save({ modelTopology, weightSpecs, weightData, ...rest }: tf.io.ModelArtifacts) {
      const bytes = new Uint8Array(weightData as ArrayBuffer);
      // Two shards: what is in one may end in the other.
      const cut = Math.floor(bytes.length / 2) + 1;
      const weightsManifest = [{ paths: ["a.bin", "b.bin"], weights: weightSpecs }];
      files = new Map([
        ["model.json", new TextEncoder().encode(JSON.stringify({ modelTopology, weightsManifest, ...rest }))],
        ["a.bin", bytes.slice(0, cut)],
        ["b.bin", bytes.slice(cut)],
      ]);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" as const } };
    },
  });
  return files;
}

/** TensorFlow.js's model of files that Sluice wrote. */
async function opened(files: TfjsFiles): Promise<tfl.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(files.get("model.json")));
  return tfl.loadLayersModel(
    {
      load: async () => ({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: new Uint8Array(files.get("weights.bin") as Uint8Array).buffer,
      }),
    },
    { fastWeightInit: true } as Parameters<typeof tfl.loadLayersModel>[1],
  );
}

/** Different weights for TensorFlow.js's model. */
function scrambleTheirs(theirs: tfl.LayersModel): void {
  let seed = 1;
  theirs.setWeights(
    theirs.getWeights().map(({ shape, size }) => {
      const values = Float32Array.from({ length: size }, () => 0.5 * Math.sin(seed++));
      // A variance of batch normalisation must not be negative: no other weight minds.
      return tf.tensor(shape.length === 1 ? values.map(Math.abs) : values, shape);
    }),
  );
}

function predictions(theirs: tfl.LayersModel, inputs: readonly NdArray[]): NdArray[] {
  const xs = inputs.map(({ shape, data }) =>
    tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32"),
  );
  const outputs = theirs.predict(xs.length === 1 ? (xs[0] as tf.Tensor) : xs);
  return (Array.isArray(outputs) ? outputs : [outputs]).map((y) => ({
    shape: y.shape,
    data: y.dataSync() as Float32Array,
  }));
}

const TOLERANCE = { absolute: 2e-6, relative: 1e-5 };

async function expectSame(theirs: tfl.LayersModel, ours: Model<NdArray> | Model<NdArray[]>, inputs: NdArray[]) {
  const came = [await ours.predict(inputs.length === 1 ? (inputs[0] as NdArray) : inputs)].flat() as NdArray[];
  const wanted = predictions(theirs, inputs);
  expect(came).toHaveLength(wanted.length);
  wanted.forEach((array, index) => {
    expectClose(`output ${index}`, came[index] as NdArray, array, TOLERANCE);
  });
}

const { layers } = tfl;
/** TensorFlow.js's default, orthogonal, is slow and wants more of tfjs-core than these tests load. */
const recurrentInitializer = "glorotNormal";

describe("what TensorFlow.js saved predicts the same here", () => {
  const sentiment = () =>
    tfl.sequential({
      layers: [
        layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 6, maskZero: true }),
        layers.lstm({ units: 3, recurrentActivation: "sigmoid", recurrentInitializer, returnSequences: true }),
        layers.bidirectional({
          layer: layers.gru({ units: 2, recurrentActivation: "sigmoid", recurrentInitializer }) as tfl.RNN,
          mergeMode: "sum",
        }),
        layers.dense({ units: 2, activation: "softmax" }),
      ],
    });

  test("a row of layers, in memory and from a directory", async () => {
    const theirs = sentiment();
    scrambleTheirs(theirs);
    const files = await saved(theirs);
    const folder = mkdtempSync(join(tmpdir(), "sluice-tfjs-"));
    try {
      for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
      for (const source of [files, folder, join(folder, "model.json")]) {
        const ours = await loadTfjs(source, { device });
        await expectSame(theirs, ours, [PADDED]);
        ours.dispose();
      }
      mkdirSync(join(folder, "elsewhere"));
      renameSync(join(folder, "b.bin"), join(folder, "elsewhere", "b.bin"));
      symlinkSync(join(folder, "elsewhere", "b.bin"), join(folder, "b.bin"));
      await expect(loadTfjs(folder, { device })).rejects.toThrow(/b\.bin is a link to .*outside of its folder/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a functional model with one inside", async () => {
    const x = tfl.input({ shape: [5, 3] });
    const y = tfl.input({ shape: [5, 3] });
    const inner = tfl.sequential({
      layers: [
        layers.timeDistributed({ layer: layers.dense({ units: 4, activation: "relu" }), inputShape: [5, 3] }),
        layers.simpleRNN({ units: 3, goBackwards: true, recurrentInitializer }),
      ],
    });
    const convolved = layers
      .globalMaxPooling1d({})
      .apply(
        layers
          .maxPooling1d({ poolSize: 2 })
          .apply(layers.conv1d({ filters: 3, kernelSize: 2, padding: "same" }).apply(x)),
      );
    const joined = layers.concatenate().apply([inner.apply(x), inner.apply(y), convolved] as tfl.SymbolicTensor[]);
    const normal = layers.batchNormalization().apply(layers.layerNormalization().apply(joined));
    const theirs = tfl.model({
      inputs: [x, y],
      outputs: [
        layers.leakyReLU({ alpha: 0.2 }).apply(normal),
        layers.dense({ units: 1 }).apply(joined),
      ] as tfl.SymbolicTensor[],
    });
    scrambleTheirs(theirs);
    const ours = await loadTfjs<NdArray[]>(await saved(theirs), { device });
    await expectSame(theirs, ours, [floats(2, 5, 3), { shape: [2, 5, 3], data: floats(2, 5, 3).data.map(Math.cos) }]);
    ours.dispose();
  });

  test.each([
    [
      "its own hardSigmoid",
      '"recurrent_activation":"sigmoid"',
      '"recurrent_activation":"hard_sigmoid"',
      /hard_sigmoid.*clip\(0\.2/,
    ],
    ["a gate's activation by default", '"recurrent_activation":"sigmoid",', "", /LSTM.*hard_sigmoid/],
    ["a class", '"class_name":"LSTM"', '"class_name":"ConvLSTM2D"', /ConvLSTM2D/],
    ["quantized weights", '"dtype":"float32"}', '"dtype":"float32","quantization":{"dtype":"uint8"}}', /is quantized/],
    ["a graph model", '"format":"layers-model"', '"format":"graph-model"', /graph-model/],
    ["a path that leads elsewhere", "a.bin", "../a.bin", /leads elsewhere/],
    ["a path into another folder", "a.bin", "shards/a.bin", /leads elsewhere/],
    ["a missing shard", "b.bin", "c.bin", /c\.bin is missing/],
    ["another shape", '"shape":[10,4]', '"shape":[4,10]', /is \[4, 10\]; its layer takes \[10, 4\]/],
    ["a weight too many", '"shape":[10,4]', '"shape":[11,4]', /the weights take/],
  ])("%s is named", async (_, from, to, message) => {
    const files = await saved(sentiment());
    const text = new TextDecoder().decode(files.get("model.json"));
    expect(text).toContain(from);
    files.set("model.json", new TextEncoder().encode(text.replace(from, to)));
    const sizeBefore = device.memory.bytes;
    await expect(loadTfjs(files, { device })).rejects.toThrow(message);
    await expect(loadTfjs(files, { device })).rejects.toBeInstanceOf(FormatError);
    expect(device.memory.bytes).toBe(sizeBefore);
  });
});

describe("what Sluice writes predicts the same in TensorFlow.js", () => {
  test.each([
    [
      "a row of layers with a mask",
      [PADDED],
      [
        embedding({ inputDim: 10, outputDim: 4, maskZero: true }),
        dropout({ rate: 0.5 }),
        lstm({ units: 3, returnSequences: true, kernelRegularizer: { name: "l2", l2: 0.1 } }),
        bidirectional({ layer: gru({ units: 2, resetAfter: false }), mergeMode: "concat" }),
        dense({ units: 2, activation: "silu" }),
      ],
      [6],
    ],
    [
      "convolution, pooling, normalisation",
      [floats(2, 6, 3)],
      [
        conv1d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
        maxPooling1d(),
        layerNormalization(),
        batchNormalization({ epsilon: 3 }),
        leakyRelu({ negativeSlope: 0.1 }),
        timeDistributed({ layer: dense({ units: 2, activation: "tanh" }) }),
        simpleRnn({ units: 3, goBackwards: true, returnSequences: true }),
        globalAveragePooling1d(),
      ],
      [6, 3],
    ],
  ] as [string, NdArray[], Layer[], number[]][])("%s", async (_, inputs, parts, inputShape) => {
    const ours = sequential(parts, { device, inputShape });
    await scramble(ours);
    const files = await toTfjs(ours);
    await expectSame(await opened(files), ours, inputs);
    const again = await loadTfjs(files, { device });
    expect(again.summary()).toBe(ours.summary());
    expect(await again.weights()).toEqual(await ours.weights());
    ours.dispose();
    again.dispose();
  });

  test("a functional model with shared layers and one inside", async () => {
    const [x, y] = ["x", "y"].map((name) => input({ shape: [4, 3], name })) as [
      ReturnType<typeof input>,
      ReturnType<typeof input>,
    ];
    const shared = lstm({ units: 3, name: "shared" });
    const inner = sequential([dense({ units: 4, activation: "relu" }), dense({ units: 2 })], {
      inputShape: [3],
      name: "inner",
    });
    const ours = model({
      inputs: [x, y],
      outputs: [
        concatenate().call([inner.call(shared.call(x)), inner.call(shared.call(y))]),
        dense({ units: 1, name: "flat" }).call(flatten().call(y)),
      ],
      device,
      name: "sides",
    });
    await scramble(ours);
    const inputs = [floats(2, 4, 3), { shape: [2, 4, 3], data: floats(2, 4, 3).data.map(Math.cos) }];
    await expectSame(await opened(await toTfjs(ours)), ours, inputs);
    const again = await loadTfjs<NdArray[]>(await toTfjs(ours), { device });
    expect(again.summary()).toBe(ours.summary());
    ours.dispose();
    again.dispose();
  });

  test.each([
    ["a GRU of Keras's kind", gru({ units: 2 }), /GRU "gru" has reset_after true/],
    ["a hardSigmoid", dense({ units: 2, activation: "hardSigmoid" }), /activation "hard_sigmoid".*another function/],
    ["an activation", dense({ units: 2, activation: "squareplus" }), /squareplus/],
    ["zeros at masked timesteps", lstm({ units: 2, zeroOutputForMask: true }), /zero_output_for_mask true/],
    ["causal padding", conv1d({ filters: 2, kernelSize: 2, padding: "causal" }), /padding "causal"/],
    ["groups", conv1d({ filters: 2, kernelSize: 1, groups: 2 }), /groups 2/],
    [
      "a backward layer of its own",
      bidirectional({ layer: simpleRnn({ units: 2 }), backwardLayer: simpleRnn({ units: 3, goBackwards: true }) }),
      /separate backward layer/,
    ],
  ] as [string, Layer, RegExp][])("%s is refused by name", async (_, layer, message) => {
    const ours = sequential([layer], { device, inputShape: [3, 2] });
    await expect(toTfjs(ours)).rejects.toThrow(message);
    ours.dispose();
  });
});
