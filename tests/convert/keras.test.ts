/** Keras's files beyond what runs everywhere: layout against Keras's own, strangers' files, what is refused. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKeras, loadKerasWeights, toKeras, toKerasWeights, toTfjs } from "../../src/convert/index.ts";
import { readZip, writeZip } from "../../src/convert/zip.ts";
import {
  activation,
  alphaDropout,
  averagePooling1d,
  batchNormalization,
  conv1d,
  cropping1d,
  dense,
  dropout,
  elu,
  embedding,
  FormatError,
  flatten,
  gaussianDropout,
  gaussianNoise,
  globalAveragePooling1d,
  globalMaxPooling1d,
  layerNormalization,
  leakyRelu,
  lstm,
  type Model,
  masking,
  maxPooling1d,
  peepholeLstmCell,
  permute,
  prelu,
  relu,
  repeatVector,
  reshape,
  rnn,
  sequential,
  softmax,
  spatialDropout1d,
  upSampling1d,
  zeroPadding1d,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import dumpHdf5 from "./dump_hdf5.py?raw" with { type: "text" };
import { hasPython, runPython } from "./python.ts";

const FILES = ["sentiment", "forecast", "cnn_lstm", "functional_bidirectional"];
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/keras_files/${name}`, import.meta.url)));

const device = await testDevice();
afterAll(() => device.dispose());

/** The JSON of a `.keras` file, without what differs from save to save. */
async function configOf(bytes: Uint8Array): Promise<unknown> {
  const files = await readZip(bytes, new Map([["config.json", 1 << 20]]), "test");
  return JSON.parse(new TextDecoder().decode(files.get("config.json")), (key, value) => {
    if (key === "shared_object_id") return undefined;
    // A row of layers has an input layer that bears a number of the session's.
    return key === "name" && /^input_layer(_\d+)?$/.test(value) ? "input_layer" : value;
  });
}

/** A `.keras` file with another configuration. */
async function withConfig(bytes: Uint8Array, change: (text: string) => string): Promise<Uint8Array> {
  const names = ["metadata.json", "config.json", "model.weights.h5"];
  const files = await readZip(bytes, new Map(names.map((name) => [name, 1 << 20])), "test");
  const text = new TextDecoder().decode(files.get("config.json"));
  const changed = change(text);
  expect(changed).not.toBe(text);
  return writeZip(files.set("config.json", new TextEncoder().encode(changed)));
}

describe("what is written is what Keras writes", () => {
  test.each(FILES)("%s: the configuration", async (name) => {
    const model = await loadKeras(fixture(`${name}.keras`), { device });
    expect(await configOf(await toKeras(model))).toEqual(await configOf(fixture(`${name}.keras`)));
    model.dispose();
  });

  test.skipIf(!hasPython("h5py", "python3-h5py")).each(FILES)(
    "%s: paths, shapes, dtypes, names in h5py",
    async (name) => {
      const model = await loadKeras(fixture(`${name}.keras`), { device });
      const files = new Map([
        ["ours.keras", await toKeras(model)],
        ["theirs.keras", fixture(`${name}.keras`)],
        ["ours.h5", await toKerasWeights(model)],
        ["theirs.h5", fixture(`${name}.weights.h5`)],
      ]);
      const result = runPython(dumpHdf5, files) as Record<string, [unknown, unknown]>;
      for (const [ours, theirs] of Object.values(result)) expect(ours).toEqual(theirs);
      model.dispose();
    },
  );
});

describe("what Sluice lacks is named", () => {
  const sentiment = fixture("sentiment.keras");
  test.each([
    ["a layer", '"class_name": "LSTM"', '"class_name": "ConvLSTM1D"', /"ConvLSTM1D"/],
    ["an option's value", '"activation": "tanh"', '"activation": "twist"', /LSTM "lstm_15": activation.*"twist"/],
    ["an unknown option", '"units": 12', '"units": 12, "spin": 3', /LSTM "lstm_15" has the option spin, 3/],
    ["a dtype", '"config": {"name": "float32"}', '"config": {"name": "mixed_float16"}', /mixed_float16/],
    ["an initializer", '"class_name": "Orthogonal"', '"class_name": "Sobol"', /recurrent_initializer.*sobol/i],
    [
      "someone's own class",
      '"registered_name": null, "build_config"',
      '"registered_name": "me>LSTM", "build_config"',
      /me>LSTM/,
    ],
    ["an option of a wrong type", '"units": 12', '"units": "12"', /units is "12"; expected a number/],
  ])("%s", async (_, from, to, message) => {
    const bytes = await withConfig(sentiment, (text) => text.replace(from, to));
    await expect(loadKeras(bytes, { device })).rejects.toThrow(message);
    await expect(loadKeras(bytes, { device })).rejects.toBeInstanceOf(FormatError);
  });

  test("a model of other weights", async () => {
    const other = sequential([dense({ units: 2 })], { device, inputShape: [3] });
    const before = await other.weights();
    await expect(loadKerasWeights(other, fixture("sentiment.weights.h5"))).rejects.toThrow(
      /layers\/dense\/vars\/0 is float32 \[12, 1\]/,
    );
    expect(await other.weights()).toEqual(before);
    const shorter = sequential([embedding({ inputDim: 60, outputDim: 8 })], { device, inputShape: [15] });
    await expect(loadKerasWeights(shorter, fixture("sentiment.weights.h5"))).rejects.toThrow(
      /holds layers\/.*which the model/,
    );
    other.dispose();
    shorter.dispose();
  });
});

test("a layer that Keras lacks is refused by name", async () => {
  using model = sequential([rnn({ cell: peepholeLstmCell({ units: 2 }), name: "memory" })], {
    device,
    inputShape: [4, 3],
  });
  for (const write of [toKeras, toTfjs]) {
    await expect(write(model)).rejects.toThrow(/class PeepholeLSTMCell, which Keras does not have/);
  }
});

test.each([
  [
    "sequence layers",
    [6, 4],
    [
      masking({ maskValue: 2 }),
      gaussianNoise({ stddev: 0.1 }),
      gaussianDropout({ rate: 0.1 }),
      alphaDropout({ rate: 0.1, noiseShape: [null, 1, 4] }),
      spatialDropout1d({ rate: 0.1 }),
      dropout({ rate: 0.1, noiseShape: [null, 6, 1] }),
      batchNormalization({ axis: 1, momentum: 0.5, epsilon: 0.01, center: false, movingMeanInitializer: "ones" }),
      layerNormalization({ axis: [1, 2], epsilon: 0.1, scale: false, betaRegularizer: { name: "l2", l2: 0.1 } }),
      prelu({ sharedAxes: [1] }),
      conv1d({ filters: 4, kernelSize: 2, padding: "causal", dilationRate: 2, groups: 2, activation: "relu" }),
      maxPooling1d({ poolSize: 2, strides: 1, padding: "same" }),
      averagePooling1d({ poolSize: 3 }),
      zeroPadding1d({ padding: [1, 2] }),
      cropping1d({ cropping: [0, 1] }),
      upSampling1d({ size: 3 }),
      permute({ dims: [2, 1] }),
      reshape({ targetShape: [-1, 3] }),
      globalMaxPooling1d({ keepdims: true }),
      globalAveragePooling1d(),
      repeatVector({ n: 3 }),
      relu({ maxValue: 2, threshold: 0.1 }),
      leakyRelu({ negativeSlope: 0.1 }),
      elu({ alpha: 2 }),
      softmax({ axis: 1 }),
    ],
  ],
] as const)("layers survive being written and read: %s", async (_, inputShape, layers) => {
  const model = sequential(layers, { device, inputShape });
  const again = await loadKeras(await toKeras(model), { device });
  expect(again.layers.map(({ className, name, config }) => ({ className, name, config }))).toEqual(
    model.layers.map(({ className, name, config }) => ({ className, name, config })),
  );
  expect(await again.weights()).toEqual(await model.weights());
  model.dispose();
  again.dispose();
});

test("a model for sequences of any length is made for the one that is asked for", async () => {
  const sentiment = fixture("sentiment.keras");
  const open = await withConfig(sentiment, (text) =>
    text
      .replaceAll('"batch_shape": [null, 15]', '"batch_shape": [null, null]')
      .replaceAll('"build_input_shape": [null, 15]', '"build_input_shape": [null, null]'),
  );
  await expect(loadKeras(open, { device })).rejects.toThrow(/\[null, null\].*leaves a size open; give .* length: 100/);
  await expect(loadKeras(open, { device, length: 0 })).rejects.toThrow(/length is 0/);
  // The model has no mask: a row of 15 ids is its own answer, whoever fixed the length.
  const ids = { shape: [1, 15], data: Int32Array.from({ length: 15 }, (_, t) => (7 * t) % 60) };
  const [fixed, asked] = [await loadKeras(sentiment, { device }), await loadKeras(open, { device, length: 15 })];
  expect(await asked.predict(ids)).toEqual(await fixed.predict(ids));
  const longer = await loadKeras(open, { device, length: 20 });
  expect(longer.layers[1]?.output.shape).toEqual([12]);
  expect(await longer.weights()).toEqual(await fixed.weights());
  for (const model of [fixed, asked, longer]) model.dispose();
});

test("options that are not Keras's defaults survive", async () => {
  const layers = [
    lstm({
      units: 3,
      activation: "relu",
      recurrentActivation: "hard_sigmoid",
      useBias: false,
      unitForgetBias: false,
      returnSequences: true,
      goBackwards: true,
      kernelInitializer: { name: "constant", value: 0.25 },
      recurrentRegularizer: { name: "l1l2", l1: 0.1, l2: 0.2 },
      kernelConstraint: { name: "maxNorm", maxValue: 3, axis: [0, 1] },
      activityRegularizer: { name: "l2", l2: 0.3 },
    }),
    activation("softsign"),
    flatten(),
    dense({
      units: 2,
      useBias: false,
      activation: "softmax",
      kernelInitializer: { name: "randomUniform", minval: -1, maxval: 2 },
    }),
  ];
  const model = sequential(layers, { device, inputShape: [4, 2], name: "odd" });
  const again = await loadKeras(await toKeras(model), { device });
  expect(again.name).toBe("odd");
  expect(again.layers.map(({ className, name, config }) => ({ className, name, config }))).toEqual(
    model.layers.map(({ className, name, config }) => ({ className, name, config })),
  );
  expect(await again.weights()).toEqual(await model.weights());
  model.dispose();
  again.dispose();
});

describe("strangers' files", () => {
  const sentiment = fixture("sentiment.keras");
  const weights = fixture("sentiment.weights.h5");
  let model: Model;
  beforeAll(async () => {
    model = await loadKeras(sentiment, { device });
  });

  /** Some bytes changed, or the end cut off. */
  const damage = (length: number) =>
    fc.record({
      changes: fc.array(fc.record({ at: fc.nat(length - 1), byte: fc.nat(255) }), { minLength: 1, maxLength: 8 }),
      cut: fc.option(fc.nat(length - 1), { freq: 3 }),
    });
  type Damage = { readonly changes: readonly { at: number; byte: number }[]; readonly cut: number | null };
  const apply = (bytes: Uint8Array, { changes, cut }: Damage): Uint8Array => {
    const copy = bytes.slice(0, cut ?? bytes.length);
    for (const { at, byte } of changes) if (at < copy.length) copy[at] = byte;
    return copy;
  };

  test("a damaged .keras file is a FormatError or a whole model", async () => {
    const sizeBefore = device.memory.bytes;
    await fc.assert(
      fc.asyncProperty(damage(sentiment.length), async (change) => {
        try {
          const loaded = await loadKeras(apply(sentiment, change), { device });
          expect(loaded.weightVariables).toHaveLength(6);
          loaded.dispose();
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(FormatError);
        }
        expect(device.memory.bytes).toBe(sizeBefore);
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test("a whole archive with another value in its configuration is a FormatError or a whole model", async () => {
    const source = fixture("functional_bidirectional.keras");
    const names = ["metadata.json", "config.json", "model.weights.h5"];
    const files = await readZip(source, new Map(names.map((name) => [name, 1 << 20])), "test");
    const text = new TextDecoder().decode(files.get("config.json"));
    // Where a value begins and ends: after a colon, up to the next comma or bracket.
    const values = [...text.matchAll(/(?<=: )("[^"]*"|[\w.-]+)/g)].map(
      ({ index, 0: value }) => [index, value] as const,
    );
    const other = fc.constantFrom(
      "null",
      "true",
      "-1",
      "0",
      "1e9",
      "1e300",
      '"x"',
      "[]",
      "{}",
      "[null, 3]",
      '[["ids", 0, 0]]',
    );
    const sizeBefore = device.memory.bytes;
    await fc.assert(
      fc.asyncProperty(fc.nat(values.length - 1), other, async (place, value) => {
        const [at, old] = values[place] as readonly [number, string];
        const changed = `${text.slice(0, at)}${value}${text.slice(at + old.length)}`;
        const bytes = await writeZip(new Map([...files, ["config.json", new TextEncoder().encode(changed)]]));
        try {
          (await loadKeras(bytes, { device })).dispose();
        } catch (error) {
          expect(error, `${changed.slice(Math.max(0, at - 60), at + 30)}: ${String(error)}`).toBeInstanceOf(
            FormatError,
          );
        }
        expect(device.memory.bytes).toBe(sizeBefore);
      }),
      { numRuns: 400, seed: 4 },
    );
  });

  test("a damaged weights file is a FormatError or fits as a whole", async () => {
    const before = await model.weights();
    await fc.assert(
      fc.asyncProperty(damage(weights.length), async (change) => {
        try {
          await loadKerasWeights(model, apply(weights, change));
          await model.setWeights(before);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(FormatError);
          expect(await model.weights()).toEqual(before);
        }
      }),
      { numRuns: 300, seed: 4 },
    );
    // Nothing of them is left behind.
    await loadKerasWeights(model, weights);
    expect(await model.weights()).toEqual(before);
  });

  test("a file that unpacks to more than it says", async () => {
    const bomb = await writeZip(new Map([["config.json", new Uint8Array(1000)]]));
    await expect(readZip(bomb, new Map([["config.json", 999]]), "bomb")).rejects.toThrow(
      /1000 bytes; expected at most 999/,
    );
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["text", new TextEncoder().encode("hello")],
    ["a weights file in place of a model", weights],
  ])("%s", async (_, bytes) => {
    await expect(loadKeras(bytes, { device })).rejects.toBeInstanceOf(FormatError);
    await expect(loadKerasWeights(model, bytes.slice(0, 100))).rejects.toBeInstanceOf(FormatError);
  });
});
