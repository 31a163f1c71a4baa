/** What users of Keras and TensorFlow.js write by habit: it works, or the error shows the right form. */
import { beforeAll, describe, expect, test } from "vitest";
import * as sluice from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

let device: sluice.Device;
beforeAll(async () => {
  device = await testDevice();
});

const X = [[1], [2], [3], [4]];
const Y = [0, 1, 0, 1];

/** Sluice as JavaScript sees it: no compiler checks the arguments. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tested
const js: any = sluice;

async function withModel(work: (model: typeof js) => unknown): Promise<unknown> {
  using model = js.sequential([js.dense({ units: 1, activation: "sigmoid" })], { device, inputShape: [1], seed: 1 });
  model.compile({ loss: "binaryCrossentropy" });
  return await work(model);
}

const fitWith = (options: unknown) => () => withModel((model) => model.fit(X, Y, options));
const data = () =>
  sluice.dataset(
    { shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) },
    { shape: [4], data: Float32Array.of(0, 1, 0, 1) },
  );

const SLIPS: readonly (readonly [slip: string, call: () => unknown, answer: string])[] = [
  // Positional arguments
  ["adam(0.01)", () => js.adam(0.01), "as in adam({ learningRate: 0.01 })"],
  ["sgd(0.5)", () => js.sgd(0.5), "as in sgd({ learningRate: 0.5 })"],
  ['rmsprop("0.1")', () => js.rmsprop("0.1"), 'as in rmsprop({ learningRate: "0.1" })'],
  ["dense(10)", () => js.dense(10), "as in dense({ units: 10 })"],
  ['dense(10, "relu")', () => js.dense(10, "relu"), "as in dense({ units: 10 })"],
  ["lstm(64)", () => js.lstm(64), "as in lstm({ units: 64 })"],
  ["gru(64)", () => js.gru(64), "as in gru({ units: 64 })"],
  ["embedding(5000, 32)", () => js.embedding(5000, 32), "as in embedding({ inputDim: 5000, outputDim: … })"],
  ["dropout(0.5)", () => js.dropout(0.5), "as in dropout({ rate: 0.5 })"],
  ["conv1d(8, 3)", () => js.conv1d(8, 3), "as in conv1d({ filters: 8, kernelSize: … })"],
  ["bidirectional(lstm(…))", () => js.bidirectional(js.lstm({ units: 2 })), "as in bidirectional({ layer: … })"],
  [
    "timeDistributed(dense(…))",
    () => js.timeDistributed(js.dense({ units: 2 })),
    "as in timeDistributed({ layer: … })",
  ],
  ["rnn(lstmCell(…))", () => js.rnn(js.lstmCell({ units: 2 })), "as in rnn({ cell: … })"],
  ["input([500])", () => js.input([500]), "as in input({ shape: … })"],
  ["l1l2(0.1, 0.1)", () => js.l1l2(0.1, 0.1), "as in l1l2({ l1: 0.1 })"],
  ["earlyStopping(3)", () => js.earlyStopping(3), "as in earlyStopping({ patience: 3 })"],
  ['earlyStopping("valLoss")', () => js.earlyStopping("valLoss"), 'as in earlyStopping({ monitor: "valLoss" })'],
  ['modelCheckpoint("saves")', () => js.modelCheckpoint("saves"), 'as in modelCheckpoint({ directory: "saves" })'],
  ["minMaxScaler([-1, 1])", () => js.minMaxScaler([-1, 1]), "as in minMaxScaler({ featureRange: … })"],
  ["new Tokenizer(1000)", () => new js.Tokenizer(1000), "as in new Tokenizer({ numWords: 1000 })"],
  ["padSequences(rows, 4)", () => js.padSequences([[1]], 4), "as in padSequences(rows, { maxLength: 4 })"],
  ["trainTestSplit(d, 0.5)", () => js.trainTestSplit(data(), 0.5), "as in trainTestSplit(data, { testFraction: 0.5 })"],
  ["windows(series, 3)", () => js.windows([1, 2, 3], 3), "as in windows(series, { length: 3 })"],
  ["fit(x, y, 5)", fitWith(5), "as in fit(x, y, { epochs: 5 })"],
  ["predict(x, 64)", () => withModel((model) => model.predict(X, 64)), "as in predict(x, { batchSize: 64 })"],
  [
    'compile("adam", "mse")',
    () => withModel((model) => model.compile("adam", "mse")),
    'as in compile({ optimizer: "adam", loss: … })',
  ],
  ["sequential()", () => js.sequential(), "as in sequential([lstm("],
  ["sequential(layer)", () => js.sequential(js.dense({ units: 1 })), "as in sequential([lstm("],
  ["sequential([layers]) without options", () => js.sequential([js.dense({ units: 1 })]), "as in sequential(layers, {"],
  // Names
  ["return_sequences", () => js.lstm({ units: 2, return_sequences: true }), "did you mean returnSequences?"],
  ["input_dim", () => js.embedding({ input_dim: 5, outputDim: 2 }), "did you mean inputDim?"],
  ["kernel_regularizer", () => js.dense({ units: 2, kernel_regularizer: "l2" }), "did you mean kernelRegularizer?"],
  ["lr", () => js.adam({ lr: 0.1 }), "did you mean learningRate?"],
  ["learnigRate", () => js.adam({ learnigRate: 0.1 }), "did you mean learningRate?"],
  ["beta_1", () => js.adam({ beta_1: 0.9 }), "did you mean beta1?"],
  ["batch_size", fitWith({ batch_size: 2 }), "did you mean batchSize?"],
  ["epoch", fitWith({ epoch: 2 }), "did you mean epochs?"],
  ["validation_split", fitWith({ validation_split: 0.5 }), "did you mean validationSplit?"],
  ["verbose: 1", fitWith({ verbose: 1 }), "give callbacks: [progress()]"],
  ["metric", () => withModel((model) => model.compile({ loss: "mse", metric: ["mae"] })), "did you mean metrics?"],
  ["restore_best_weights", () => js.earlyStopping({ restore_best_weights: true }), "did you mean restoreBestWeights?"],
  ["on_epoch_end", fitWith({ callbacks: [{ on_epoch_end: () => 0 }] }), "did you mean onEpochEnd?"],
  [
    "onYield of TensorFlow.js",
    fitWith({ callbacks: [{ onYield: () => 0 }] }),
    "expected some of name, batchLogs, onTrainBegin",
  ],
  ["maxlen", () => js.padSequences([[1]], { maxlen: 2 }), "did you mean maxLength?"],
  ["num_words", () => new js.Tokenizer({ num_words: 5 }), "did you mean numWords?"],
  // Values
  ['shuffle: "false"', fitWith({ shuffle: "false" }), 'shuffle is "false"; expected true or false'],
  ["seed: NaN", fitWith({ seed: Number.NaN }), "seed is NaN; expected a whole number"],
  ['validationSplit: "0.5"', fitWith({ validationSplit: "0.5" }), 'validationSplit is "0.5"; expected 0 ≤ number < 1'],
  ["epochs: 2.5", fitWith({ epochs: 2.5 }), "epochs is 2.5; expected a whole number of at least 1"],
  ["signal: {}", fitWith({ signal: {} }), "signal is an object; expected an AbortSignal"],
  [
    "signal: controller",
    fitWith({ signal: new AbortController() }),
    "expected an AbortSignal: new AbortController().signal",
  ],
  ["callbacks: [null]", fitWith({ callbacks: [null] }), "callbacks is [null]; expected a list of callbacks"],
  [
    "callbacks: one",
    fitWith({ callbacks: js.earlyStopping() }),
    "expected a list of callbacks, such as [earlyStopping()]",
  ],
  ["callbacks: [earlyStopping]", fitWith({ callbacks: [js.earlyStopping] }), "such as [earlyStopping()]"],
  ["onProgress: true", fitWith({ onProgress: true }), "onProgress is true; expected a function: ({ loss }) => …"],
  ["loss: 5", () => withModel((model) => model.compile({ loss: 5 })), "the loss is 5; expected a name"],
  ["no loss", () => withModel((model) => model.compile({ optimizer: "adam" })), "loss is missing; expected a loss"],
  [
    "a device that is a Promise",
    () => js.loadModel(new Map(), { device: testDevice() }),
    "a device: await requestDevice()",
  ],
  ["negative sample weights", fitWith({ sampleWeight: [1, -1, 1, 1] }), "expected weights ≥ 0"],
  // Data
  ["evaluate(null)", () => withModel((model) => model.evaluate(null)), "expected a data set, { x, y } or [x, y]"],
  ["string labels", () => withModel((model) => model.fit(X, ["cat", "dog", "cat", "dog"])), "names.indexOf(label)"],
  ["rows of unequal length", () => withModel((model) => model.predict([[1], [1, 2]])), "padSequences(rows)"],
  ["one example", () => withModel((model) => model.predict([1])), "wrap it in a list: [x]"],
  [
    "an LSTM on an LSTM's last state",
    () => js.sequential([js.lstm({ units: 2 }), js.lstm({ units: 2 })], { device, inputShape: [3, 1] }),
    "set returnSequences: true",
  ],
];

describe("typical slips", () => {
  test.each(SLIPS)("%s", async (_, call, answer) => {
    const error = await Promise.resolve()
      .then(call)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toBeInstanceOf(sluice.SluiceError);
    expect(error instanceof Error && error.message).toContain(answer);
  });
});
