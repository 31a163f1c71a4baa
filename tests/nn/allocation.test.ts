/**
 * Whichever buffer cannot be had, what was asked for is refused, all that was made for it is freed, and the model
 * answers as before.
 */
import "../../src/node.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kMeans, trainWordVectors, VectorIndex } from "../../src/embed/index.ts";
import { type Device, type Model, OutOfMemoryError, Random, requestDevice } from "../../src/index.ts";
import { drawVectors } from "../conformance/vector_index.ts";
import { failNthBuffer } from "../support/allocation_failures.ts";
import { tally } from "../support/tally.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
let tried = 0;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => {
  device?.dispose();
  console.log(`${tried} buffers could not be had`);
});

const data = smallData(22);

/**
 * Tries `work` with its first, second, … buffer failing, until it gets through.
 * @param isUnharmed looks after each failure, beside the bytes that the device holds; `kept` more of them may stay
 */
async function failEach(work: () => Promise<unknown>, isUnharmed: () => Promise<void>, kept = 0): Promise<void> {
  const { bytes } = device.memory;
  for (let n = 1; ; n++) {
    const injection = failNthBuffer(device, n);
    const error = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    injection.end();
    if (injection.asked < n) {
      expect(error).toBeUndefined();
      expect(n).toBeGreaterThan(1);
      return;
    }
    tried++;
    expect(error, `buffer ${n}`).toBeInstanceOf(OutOfMemoryError);
    expect([bytes, bytes + kept], `buffer ${n}`).toContain(device.memory.bytes);
    await isUnharmed();
  }
}

/** Makes a model that has predicted, does something with it, and disposes it: nothing may be left. */
async function withModel(work: (model: Model, isUnharmed: () => Promise<void>) => Promise<void>): Promise<void> {
  const { bytes, buffers } = device.memory;
  {
    using model = smallModel(device);
    const ask = async () => [...(await model.predict(data.x, { batchSize: 22 })).data];
    const [before, bits] = [await ask(), await weightBits(model)];
    await work(model, async () => {
      expect(await ask()).toEqual(before);
      expect(await weightBits(model)).toEqual(bits);
    });
  }
  expect(device.memory).toMatchObject({ bytes, buffers });
}

describe("every n-th buffer fails", () => {
  const few = { x: data.x.slice(0, 4), y: data.y.slice(0, 4) };
  // A larger batch would go in micro-batches where its first buffers cannot be had.
  const options = { epochs: 2, batchSize: 1, validationSplit: 0.25 };

  test("in fit, with validation", () =>
    withModel(async (model, isUnharmed) => {
      // The optimizer's state is the model's own, and stays once a step was compiled.
      const { epochs: _, ...sizes } = options;
      const { training } = await model.memory({ ...sizes, data: few });
      await failEach(() => model.fit(few, options), isUnharmed, training?.optimizer);
      using undisturbed = smallModel(device);
      await undisturbed.fit(few, options);
      expect(await weightBits(model)).toEqual(await weightBits(undisturbed));
    }));

  test("in fit, whose batch then goes in micro-batches", () =>
    withModel(async (model) => {
      const injection = failNthBuffer(device, 1);
      const { statistics } = await model.fit(data, { batchSize: 8 });
      injection.end();
      expect(statistics.microBatchesPerStep).toBe(2);
    }));

  test("in trainOnBatch", () =>
    withModel(async (model, isUnharmed) => {
      const { training } = await model.memory({ batchSize: 1 });
      await failEach(() => model.trainOnBatch(few.x.slice(0, 1), few.y.slice(0, 1)), isUnharmed, training?.optimizer);
    }));

  test("in predict and evaluate", () =>
    withModel(async (model, isUnharmed) => {
      await failEach(() => model.predict(data.x.slice(0, 7)), isUnharmed);
      await failEach(() => model.evaluate(few, { batchSize: 1 }), isUnharmed);
    }));

  test("in reading weights, and in saves", () =>
    withModel(async (model, isUnharmed) => {
      await failEach(() => model.weights(), isUnharmed);
      await failEach(() => model.toFiles(), isUnharmed);
    }));

  test("in trace and gradients", () =>
    withModel(async (model, isUnharmed) => {
      await failEach(() => model.trace(data.x.slice(0, 1)), isUnharmed);
      await failEach(() => model.gradients(data.x.slice(0, 1)), isUnharmed);
    }));

  test("in an index's build and search", async () => {
    const before = device.memory;
    const vectors = drawVectors(new Random(3), 300, 8);
    {
      using index = new VectorIndex(device, { dimension: 8, maxBufferBytes: 128 * 256 });
      await index.add([...Array(100).keys()], vectors.subarray(0, 800));
      const ask = () => index.search(vectors.subarray(0, 8), { k: 3 });
      const first = await ask();
      const isUnharmed = async () => expect([index.size, await ask()]).toEqual([100, first]);
      const rest = Array.from({ length: 200 }, (_, row) => 100 + row);
      await failEach(() => index.add(rest, vectors.subarray(800)), isUnharmed);
      await failEach(
        () => index.search(vectors.subarray(0, 80), { k: 5 }),
        async () => expect(index.size).toBe(300),
      );
    }
    expect(device.memory).toMatchObject({ bytes: before.bytes, buffers: before.buffers });
  });

  test("in kMeans and trainWordVectors", async () => {
    const vectors = drawVectors(new Random(4), 100, 4);
    const texts = Array.from({ length: 30 }, (_, at) => `a b c d${at % 3} e f g`);
    const nothing = async () => undefined;
    await failEach(() => kMeans(device, vectors, { dimension: 4, k: 3 }), nothing);
    await failEach(
      () => trainWordVectors(texts, { device, minCount: 1, sample: 0, vectorSize: 8, epochs: 1 }),
      nothing,
    );
  });

  test("and nothing is left on the device", () => {
    expect(device.memory).toMatchObject({ bytes: 0, buffers: 0 });
    tally({ what: "buffers that could not be had, in Node", tried, lost: 0 });
  });
});
