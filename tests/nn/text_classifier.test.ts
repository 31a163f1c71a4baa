/** Classifiers of texts with named classes: made, trained, saved, asked. */
import { afterAll, describe, expect, test } from "vitest";
import {
  dense,
  encodeLabels,
  labelsOf,
  loadModel,
  lstm,
  ShapeError,
  sequential,
  type TextClassifierOptions,
  Tokenizer,
  textClassifier,
  ValueError,
} from "../../src/index.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
afterAll(() => device.dispose());

const TOPICS = { sport: "goal match team", politics: "vote party law", science: "atom star cell" };
const examples = Object.entries(TOPICS).flatMap(([topic, words]) =>
  words.split(" ").flatMap((word) => words.split(" ").map((other) => ({ topic, text: `the ${word} and a ${other}` }))),
);
const texts = examples.map(({ text }) => text);
const topics = examples.map(({ topic }) => topic);
const encoder = new Tokenizer({ maxLength: 5 });
encoder.fitOnTexts(texts);

test("three classes are learnt by name, saved, and given by model, loaded model and predictor", async () => {
  const labels = labelsOf(topics);
  expect(labels).toEqual(["politics", "science", "sport"]);
  using model = textClassifier({ device, encoder, labels, learningRate: 0.02, dropout: 0, seed: 5 });
  expect(model.outputShape).toEqual([3]);
  expect(model.inputShape).toEqual([5]);
  await model.fit(encoder.encode(texts), encodeLabels(topics, labels), { epochs: 12, batchSize: 9 });
  const asked = ["a vote on the law", "the star and the atom", "a goal of the team"];
  const files = await model.toFiles({ predictor: true });
  using loaded = await loadModel(files, { device });
  using predictor = await loadPredictor(files, { device });
  const answers = await model.classify(asked);
  expect(answers.map(({ label }) => label)).toEqual(["politics", "science", "sport"]);
  for (const { label, probability, probabilities } of answers) {
    expect(Object.keys(probabilities)).toEqual(labels);
    expect(probabilities[label]).toBe(probability);
    expect(Object.values(probabilities).reduce((sum, each) => sum + each)).toBeCloseTo(1, 5);
    expect(probability).toBeGreaterThan(0.5);
  }
  expect(await loaded.classify(asked)).toEqual(answers);
  for (const [index, { label, probability }] of (await predictor.classify(asked)).entries()) {
    expect(label).toBe(answers[index]?.label);
    expect(probability).toBeCloseTo(answers[index]?.probability ?? 0, 4);
  }
  expect(await model.classify(asked[0] as string)).toEqual(answers.slice(0, 1));
  expect(await predictor.classify([])).toEqual([]);
});

test("two labels share one output: the probability of the second", async () => {
  using model = textClassifier({ device, encoder, labels: ["bad", "good"], seed: 1 });
  expect(model.outputShape).toEqual([1]);
  const { data } = await model.predict(encoder.encode(texts));
  const answers = await model.classify(texts);
  for (const [index, { label, probability, probabilities }] of answers.entries()) {
    const good = data[index] as number;
    expect(probabilities).toEqual({ bad: 1 - good, good });
    expect([label, probability]).toEqual(good > 0.5 ? ["good", good] : ["bad", 1 - good]);
  }
});

test("device and encoder are enough; without labels nothing can be named", async () => {
  const open = new Tokenizer();
  open.fitOnTexts(texts);
  using model = textClassifier({ device, encoder: open });
  expect([model.inputShape, model.outputShape]).toEqual([[200], [1]]);
  expect(model.layers.map(({ className }) => className)).toEqual(["Embedding", "Dropout", "LSTM", "Dense"]);
  expect(model.metadata).toEqual({});
  await expect(model.classify("a text")).rejects.toThrow("classify: the model has no label names");
});

describe("what does not fit is refused", () => {
  const bytes = { kind: "tokenizer", encode: () => encoder.encode([]), toJSON: () => ({}) };
  test.each([
    [{ labels: ["one"] }, 'labels are "one"; expected two different ones or more'],
    [{ labels: ["a", "a"] }, 'labels are "a", "a"; expected two different'],
    [{ labels: "abc" }, 'labels is "abc"; expected a list, each text'],
    [{ unit: 3 }, 'unknown option "unit"; did you mean units?'],
    [{ units: 0 }, "units is 0; expected a whole number of at least 1"],
    [{ encoder: undefined }, "encoder is missing"],
    [{ encoder: bytes }, 'the "tokenizer" encoder has no inputDim'],
    [{ device: undefined }, "device is missing; expected a device"],
  ])("textClassifier %#", (options, message) => {
    const given = { device, encoder, ...options } as unknown as TextClassifierOptions;
    expect(() => textClassifier(given)).toThrow(ValueError);
    expect(() => textClassifier(given)).toThrow(message);
  });

  test.each([
    [undefined, ValueError, "the model has no label names"],
    [["a"], ValueError, "the model has no label names"],
    [["a", 2, "c"], ValueError, "the model has no label names"],
    [["a", "b"], ShapeError, "the model gives [3] for a text; expected [2] or [1]"],
    [["a", "b", "c", "d"], ShapeError, "the model gives [3] for a text; expected [4]: one"],
  ])("classify with labels %j", async (labels, kind, message) => {
    using model = textClassifier({ device, encoder, labels: ["x", "y", "z"] });
    model.metadata = labels === undefined ? {} : { labels };
    await expect(model.classify("a")).rejects.toThrow(kind);
    await expect(model.classify("a")).rejects.toThrow(message);
  });

  test("classify without an encoder", async () => {
    using model = sequential([lstm({ units: 2 }), dense({ units: 2 })], { device, inputShape: [3, 2] });
    await expect(model.classify("a")).rejects.toThrow("classify: the model has no encoder");
  });

  test("encodeLabels names what it does not know", () => {
    expect(encodeLabels(["b", "a"], ["a", "b"])).toEqual({ shape: [2, 1], data: Float32Array.of(1, 0) });
    const wrong = () => encodeLabels(["b", "c"], ["a", "b"]);
    expect(wrong).toThrow(ValueError);
    expect(wrong).toThrow('element 1 is "c"; expected one of "a", "b"');
  });
});
