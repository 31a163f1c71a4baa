/**
 * Arrays in themselves, nested without an end, or holding one array many times: refused at once wherever arrays are
 * taken, and nothing changes. Such an array once ended the process, out of memory.
 */
import { expect, test } from "vitest";
import { kMeans, VectorIndex } from "../../src/embed/index.ts";
import {
  embedding,
  makeRagged,
  padSequences,
  ReviewEncoder,
  ShapeError,
  SluiceError,
  StandardScaler,
  standardScaler,
  Tokenizer,
  windows,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

const cyclic: unknown[] = [];
cyclic.push(cyclic);
const longCycle: unknown[] = [[[[1]]]];
longCycle.unshift([longCycle]);
let deep: unknown = 1;
for (let level = 0; level < 100_000; level++) deep = [deep];
/** 2^30 numbers in a few hundred bytes. */
let many: unknown = 1;
for (let level = 0; level < 5; level++) many = Array(64).fill(many);

const ODD = { cyclic, "a long cycle": longCycle, "100,000 deep": deep, "one array many times": many };

/** The error of `work`, whether it throws or rejects. */
async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test.each(Object.entries(ODD))("%s: refused by every method of a model", { timeout: 60_000 }, async (_, odd) => {
  const device = await testDevice();
  using model = smallModel(device);
  const { x, y } = smallData(10);
  const before = await weightBits(model);
  const given = odd as number[][];
  const calls: Readonly<Record<string, () => unknown>> = {
    "fit x": () => model.fit(given, y),
    "fit y": () => model.fit(x, given),
    "fit parts": () => model.fit({ x: given, y }),
    "fit sampleWeight": () => model.fit(x, y, { sampleWeight: given }),
    "fit validationData": () => model.fit(x, y, { validationData: { x: given, y } }),
    evaluate: () => model.evaluate(given, y),
    "evaluate y": () => model.evaluate(x, given),
    predict: () => model.predict(given),
    predictOnBatch: () => model.predictOnBatch(given),
    trainOnBatch: () => model.trainOnBatch(given, y),
    "trainOnBatch sampleWeight": () => model.trainOnBatch(x, y, { sampleWeight: given }),
    testOnBatch: () => model.testOnBatch(x, given),
    trace: () => model.trace(given),
    gradients: () => model.gradients(given),
    hiddenGradients: () => model.hiddenGradients(given),
    setWeights: () => model.setWeights(Array(6).fill(given)),
    "a stream": () =>
      model.fit(
        (async function* () {
          yield { x: given, y };
        })(),
        { stepsPerEpoch: 1 } as never,
      ),
    "a shape": () => model.predict({ shape: given as never, data: new Float32Array() }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await errorOf(call);
    expect(error, name).toBeInstanceOf(SluiceError);
  }
  expect(await weightBits(model)).toEqual(before);
  await model.fit(x, y, { epochs: 1 });
});

test.each(Object.entries(ODD))("%s: refused by scalers, windows, rows, indexes and layers", async (_, odd) => {
  const device = await testDevice();
  const given = odd as number[][];
  using index = new VectorIndex(device, { dimension: 2 });
  const calls: Readonly<Record<string, () => unknown>> = {
    scaler: () => standardScaler().fit(given),
    windows: () => windows(given, { length: 3 } as never),
    padSequences: () => padSequences(given),
    makeRagged: () => makeRagged(given),
    "rows of such": () => makeRagged([[given as never]]),
    "data of such": () => standardScaler().fit({ shape: [1], data: [given as never] }),
    "embedding weights": () => embedding({ inputDim: 4, outputDim: 4, weights: given }),
    "index add": () => index.add(["a"], given),
    "index search": () => index.search(given, { k: 1 }),
    kMeans: () => kMeans(device, given as never, { k: 2 } as never),
    fitOnTexts: () => new Tokenizer().fitOnTexts(given as never),
    "scaler from JSON": () => StandardScaler.fromJSON({ mean: given, scale: given } as never),
    "scaler from an array": () => StandardScaler.fromJSON(given),
    "encoder from JSON": () => ReviewEncoder.fromJSON({ tokenizer: given, maxLength: given }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await errorOf(call);
    expect(error, name).toBeInstanceOf(SluiceError);
  }
});

test("says what is wrong", async () => {
  const device = await testDevice();
  using model = smallModel(device);
  await expect(model.predict(cyclic as never)).rejects.toThrow(
    /predict: x: nested arrays of shape \[(1, ){16}1\]; expected at most 16 axes and 134217728 elements/,
  );
  await expect(model.predict(many as never)).rejects.toThrow(
    /predict: x: nested arrays of shape \[64, 64, 64, 64, 64\]; expected at most/,
  );
  await expect(model.predict({ shape: [0.5], data: [] } as never)).rejects.toThrow(ShapeError);
});
