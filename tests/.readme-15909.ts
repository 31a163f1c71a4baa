import "sluice/node"; // Node only: brings WebGPU from the npm package `webgpu`
import { adam, dense, dropout, embedding, lstm, requestDevice, sequential } from "sluice";
import { sentences } from "sluice/sentences";

const device = await requestDevice();
const { train, test, encoder } = await sentences.load({ numWords: 2000, maxLength: 40 });

const model = sequential(
  [
    embedding({ inputDim: encoder.inputDim, outputDim: 32 }),
    dropout({ rate: 0.5 }),
    lstm({ units: 32 }),
    dense({ units: 1, activation: "sigmoid" }),
  ],
  { device, inputShape: [40], seed: 7 },
);
model.compile({ optimizer: adam({ learningRate: 0.003 }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
console.log(model.summary());

const history = await model.fit(train, { validationData: test, epochs: 3, batchSize: 32 });
console.log(history.history.valAccuracy);

const { loss, accuracy } = await model.evaluate(test);
const { data: probabilities } = await model.predict(encoder.encode(["What a wonderful film!"]));
console.log(loss, accuracy, probabilities[0]);

import { auc, cosineDecay, csvLogger, earlyStopping, modelCheckpoint, nadam } from "sluice";

const learningRate = cosineDecay({ initialLearningRate: 0, warmupTarget: 0.004, warmupSteps: 20, decaySteps: 200 });
model.compile({
  optimizer: nadam({ learningRate, globalClipnorm: 1, useEma: true }),
  loss: "binaryCrossentropy",
  metrics: ["accuracy", "precision", "recall", auc({ curve: "PR" })],
});
await model.fit(train, {
  validationData: test,
  epochs: 3,
  callbacks: [
    earlyStopping({ monitor: "valAuc", patience: 1, restoreBestWeights: true }),
    modelCheckpoint({ directory: "runs/best", monitor: "valLoss", saveBestOnly: true }),
    csvLogger({ filename: "runs/log.csv" }),
  ],
});

import { concatenate, input, model as functional } from "sluice";

const title = input({ shape: [8], name: "title" });
const body = input({ shape: [40], name: "body" });
const words = embedding({ inputDim: encoder.inputDim, outputDim: 16, maskZero: true }); // shared: one table
const read = [lstm({ units: 8 }).call(words.call(title)), lstm({ units: 16 }).call(words.call(body))];
const joined = concatenate().call(read);
const stars = dense({ units: 1, name: "stars" }).call(joined);
const topic = dense({ units: 4, activation: "softmax", name: "topic" }).call(joined);

const judge = functional({ inputs: [title, body], outputs: [stars, topic], device, seed: 1 });
judge.compile({
  loss: { stars: "meanSquaredError", topic: "sparseCategoricalCrossentropy" },
  lossWeights: { stars: 0.5, topic: 1 },
  metrics: { topic: "accuracy" },
});
const page = { title: [[5, 8, 0, 0, 0, 0, 0, 0]], body: [Array.from({ length: 40 }, (_, t) => t)] };
await judge.fit(page, { stars: [4], topic: [2] }); // loss, starsLoss, topicLoss, topicAccuracy
const [howMany] = await judge.predict(page);
console.log(howMany?.shape); // [1, 1]

words.trainable = false; // frozen from the next compile on

async function* pages() {
  for (let n = 0; ; n++) yield { x: page, y: { stars: [n % 5], topic: [n % 4] }, sampleWeight: [1] };
}
await judge.fit(pages, { epochs: 2, stepsPerEpoch: 3 });

import { loadModel } from "sluice";

model.encoder = encoder; // is saved with the model: what turns text into its ids
const stop = new AbortController();
await model
  .fit(train, {
    epochs: 2,
    batchSize: 32,
    signal: stop.signal,
    onProgress: ({ batch }) => {
      if (batch === 20) stop.abort();
    },
  })
  .catch((error) => console.log(error.name)); // AbortError
await model.save("runs/stopped");

const again = await loadModel("runs/stopped", { device });
await again.fit(train, { resume: true });

import * as convert from "sluice/convert";

const kerasFile = await convert.toKeras(model); // bytes: write them to sentiment.keras
const fromKeras = await convert.loadKeras(kerasFile, { device }); // or a path, a URL, a browser's File
await convert.loadKerasWeights(fromKeras, await convert.toKerasWeights(model)); // a .weights.h5 file
await convert.loadSafetensors(fromKeras, await convert.toSafetensors(fromKeras)); // weights by name
const webFiles = await convert.toTfjs(model); // model.json and weights.bin; loadTfjs takes them, a path or a URL
const onnxFile = await convert.toOnnx(model); // for ONNX Runtime: inference, any batch size

import { ops, program } from "sluice";

const meanSquare = program(device, (x) => [ops.mean(ops.mul(x, x))], [{ shape: [4] }]);
const [result] = await meanSquare({ shape: [4], data: Float32Array.of(1, 2, 3, 4) });
console.log(result?.data); // Float32Array [7.5]
device.dispose();

export {};
