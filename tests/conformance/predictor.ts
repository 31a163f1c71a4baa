/** A model that was saved with a plan predicts by it as by itself. */
import {
  type Device,
  dense,
  embedding,
  loadModel,
  lstm,
  MinMaxScaler,
  minMaxScaler,
  type NdArray,
  ReviewEncoder,
  sequential,
  Tokenizer,
  textClassifier,
} from "../../src/index.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { expectClose, expectNear, type Tolerance } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { everything, examples } from "./functional.ts";

/** Of a plan's kernels, which suit any adapter, against those for the adapter at hand. */
export const PLANNED: Tolerance = { absolute: 1e-5, relative: 1e-5 };

/** Texts through the encoder and Embedding, LSTM and Dense: whole batches, filled-up ones and single rows. */
async function texts(device: Device): Promise<void> {
  const words = ["a", "good", "film", "bad", "not", "the", "plot"];
  const counts = new Map(words.map((word, index) => [word, words.length - index]));
  const encoder = new ReviewEncoder(Tokenizer.fromCounts(counts, 4), { maxLength: 12 });
  using model = sequential(
    [
      embedding({ inputDim: encoder.inputDim, outputDim: 6 }),
      lstm({ units: 10 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [12], seed: 5 },
  );
  model.encoder = encoder;
  const files = await model.toFiles({ training: false, predictor: { batchSizes: [1, 4] } });
  using predictor = await loadPredictor(files, { device });
  if (predictor.encoder === undefined) throw new Error("the encoder was not saved");
  for (const count of [3, 5]) {
    const rows = Array.from({ length: count }, (_, row) =>
      Array.from({ length: 1 + (row % 6) }, (_, at) => words[(row * 3 + at * 5) % words.length]).join(" "),
    );
    const came = await predictor.predict(predictor.encoder.encode(rows));
    expectClose(`${count} texts`, came, await model.predict(encoder.encode(rows)), PLANNED);
  }
}

/** Named classes and a Tokenizer without a length, loaded with the model and by the predictor. */
async function classes(device: Device): Promise<void> {
  const encoder = new Tokenizer({ truncating: "post" });
  const asked = ["a good goal", "the long vote on a new law today and tomorrow", "a star"];
  encoder.fitOnTexts(asked);
  using model = textClassifier({ device, encoder, labels: ["law", "sport", "stars"], maxLength: 5, units: 6, seed: 2 });
  model.metadata = { ...model.metadata, scaler: minMaxScaler().fit([1, 5]) };
  const wanted = await model.classify(asked);
  const files = await model.toFiles({ predictor: true });
  using loaded = await loadModel(files, { device });
  using predictor = await loadPredictor(files, { device });
  for (const [name, copy] of Object.entries({ loaded, predictor })) {
    expectNear(
      `${name}: scaled`,
      MinMaxScaler.fromJSON(copy.metadata.scaler).transform([3]).data[0] ?? 0,
      0.5,
      PLANNED,
    );
    const answers = await copy.classify(asked);
    for (const [index, { label, probability }] of answers.entries()) {
      const { probabilities = {} } = wanted[index] ?? {};
      expectNear(`${name}: ${label} for "${asked[index]}"`, probability, probabilities[label] ?? Number.NaN, PLANNED);
    }
  }
}

/** Several inputs and outputs, masks, states that pass from layer to layer, an inner model. */
async function graphs(device: Device): Promise<void> {
  using model = everything(device);
  const { x } = examples();
  using predictor = await loadPredictor<NdArray[]>(await model.toFiles({ predictor: { batchSizes: [2] } }), { device });
  const [title, body] = x;
  const wanted = await model.predict([...x]);
  for (const [index, came] of (await predictor.predict({ body, title })).entries()) {
    expectClose(`output ${index}`, came, wanted[index] as NdArray, PLANNED);
  }
}

/** States live on from batch to batch, begin at zero, and can be set to zero. */
async function states(device: Device): Promise<void> {
  using model = sequential([lstm({ units: 3, stateful: true })], { device, inputShape: [4, 2], seed: 3 });
  const predictorFiles = await model.toFiles({ predictor: { batchSizes: [2] } });
  using predictor = await loadPredictor(predictorFiles, { device });
  const x = { shape: [2, 4, 2], data: Float32Array.from({ length: 16 }, (_, index) => Math.sin(index)) };
  const [first, second] = [await predictor.predict(x), await predictor.predict(x)];
  expectClose("the first batch", first, await model.predict(x), PLANNED);
  expectClose("the second batch", second, await model.predict(x), PLANNED);
  predictor.resetStates();
  const again = await predictor.predict(x);
  again.data.forEach((value, index) => {
    expectNear(`element ${index}`, value, first.data[index] as number, { absolute: 0, relative: 0 });
  });
}

/** The device goes away, and another one answers. */
async function loss(device: Device): Promise<void> {
  using model = sequential([dense({ units: 2 })], { device, inputShape: [3], seed: 2 });
  const x = [[1, 2, 3]];
  const wanted = await model.predict(x);
  using predictor = await loadPredictor(await model.toFiles({ predictor: true }));
  predictor.device.gpu.destroy();
  expectClose("on another device", await predictor.predict(x), wanted, PLANNED);
}

/** `sluice/predict`. */
export const predictorCases: readonly ConformanceCase[] = [
  { name: "predictor: texts in batches of any size", run: texts },
  { name: "predictor: named classes, a tokenizer, metadata", run: classes },
  { name: "predictor: several inputs and outputs", run: graphs },
  { name: "predictor: stateful layers", run: states },
  { name: "predictor: opens a device of its own, and another one after a loss", run: loss },
];
