/** The data flow of fit: streams of batches, steps of an epoch, the first epoch, steps of validation. */
import { beforeAll, describe, expect, test } from "vitest";
import { AbortError, type BatchStream, type DataLike, type Device, loadModel, type Model } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const { x, y } = smallData(22);
const batch = (from: number, size = 8) => ({ x: x.slice(from, from + size), y: y.slice(from, from + size) });

/** All rows in batches of 8, the last of 6. */
function* batches() {
  for (let from = 0; from < 22; from += 8) yield batch(from);
}

async function* later() {
  for (const each of batches()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield each;
  }
}

/** Batches without end. */
function* endless() {
  for (;;) yield* batches();
}

async function bitsAfter(train: (model: Model) => Promise<unknown>): Promise<number[]> {
  using model = smallModel(device);
  await train(model);
  return weightBits(model);
}

let wanted: { readonly bits: readonly number[]; readonly loss: readonly number[] };
beforeAll(async () => {
  using model = smallModel(device);
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 8, shuffle: false });
  wanted = { bits: await weightBits(model), loss: history.loss ?? [] };
});

describe("a stream of batches trains as the same rows do", () => {
  const streams: readonly (readonly [string, () => BatchStream, number | undefined])[] = [
    ["a function that gives a generator", () => batches, undefined],
    ["a function that gives an async generator", () => later, undefined],
    ["a function that promises one", () => async () => batches(), undefined],
    ["a set of batches", () => new Set(batches()), undefined],
    ["an endless generator with stepsPerEpoch", () => endless(), 3],
    ["a function with stepsPerEpoch", () => batches, 3],
  ];
  for (const [name, stream, stepsPerEpoch] of streams) {
    test(name, async () => {
      using model = smallModel(device);
      const { history } = await model.fit(stream(), { epochs: 2, ...(stepsPerEpoch && { stepsPerEpoch }) });
      expect(history.loss).toHaveLength(2);
      history.loss?.forEach((loss, epoch) => {
        expect(loss).toBeCloseTo(wanted.loss[epoch] ?? 0, 5);
      });
      expect(await weightBits(model)).toEqual(wanted.bits);
    });
  }

  test("with weights, validation and progress", async () => {
    using model = smallModel(device);
    const weighted = () => Array.from(batches(), (each) => ({ ...each, sampleWeight: each.y.map(() => 0.5) }));
    const seen: number[] = [];
    const { history, statistics } = await model.fit(() => weighted(), {
      epochs: 2,
      validationData: endless(),
      validationSteps: 2,
      validationFreq: 2,
      onProgress: ({ batch: at, batches: of }) => void seen.push(at, of),
    });
    expect(history.valLoss).toHaveLength(1);
    // The stream's length is known once a pass has ended.
    expect(seen).toEqual([1, 0, 2, 0, 3, 3, 1, 3, 2, 3, 3, 3]);
    expect(statistics).toMatchObject({ steps: 6, submitsPerStep: 1 });
    const half = (await model.evaluate(() => weighted())).loss ?? 0;
    expect((await model.evaluate(x, y)).loss).toBeCloseTo(2 * half, 5);
  });

  test("and makes nothing new once its sizes were met", async () => {
    using model = smallModel(device);
    const bytes = new Set<number>();
    await model.fit(endless(), {
      epochs: 4,
      stepsPerEpoch: 6,
      onProgress: ({ epoch }) => void (epoch > 1 && bytes.add(device.memory.bytes)),
    });
    expect(bytes.size).toBe(1);
  });
});

describe("a stream that is stopped", () => {
  for (const stepsPerEpoch of [undefined, 2]) {
    test(`goes on exactly when a function makes it anew, stepsPerEpoch ${stepsPerEpoch}`, async () => {
      const options = { epochs: 3, ...(stepsPerEpoch && { stepsPerEpoch }) };
      const whole = await bitsAfter((model) => model.fit(batches, options));
      using model = smallModel(device);
      const controller = new AbortController();
      let steps = 0;
      let closed = 0;
      const watched = () => {
        const inner = batches();
        return {
          [Symbol.iterator]: () => ({
            next: () => inner.next(),
            return: () => {
              closed++;
              return { done: true as const, value: undefined };
            },
          }),
        };
      };
      const stopped = model.fit(watched, {
        ...options,
        signal: controller.signal,
        onProgress: () => {
          if (++steps === 4) controller.abort();
        },
      });
      await expect(stopped).rejects.toThrow(AbortError);
      expect(closed).toBeGreaterThan(0);
      using again = await loadModel(await model.toFiles(), { device });
      await again.fit(batches, { resume: true });
      expect(await weightBits(again)).toEqual(whole);
    });
  }
});

describe("streams that cannot be are refused by name", () => {
  const cases: readonly (readonly [string, () => BatchStream, object, RegExp])[] = [
    ["an empty one", () => () => [], {}, /stream of batches has ended.*function that returns a new one/],
    ["a generator that ends", () => batches(), { epochs: 2, stepsPerEpoch: 2 }, /with 1 of 2 steps of the epoch taken/],
    ["a generator for a second epoch", () => batches(), { epochs: 2 }, /has ended/],
    ["a function that gives a number", () => () => 3 as never, {}, /the function returned 3; expected an iterable/],
    [
      "batchSize beside it",
      () => batches,
      { batchSize: 8 },
      /batchSize does not apply to a stream.*make batches of that size/,
    ],
    ["validationSplit beside it", () => batches, { validationSplit: 0.1 }, /give validationData/],
    ["a batch of another width", () => () => [{ x: [[1, 2]], y: [1] }], {}, /x is \[1, 2\]; the model was built for/],
    ["a batch without targets", () => () => [{ x } as unknown as DataLike], {}, /y is missing/],
    [
      "weights with some batches only",
      () => () => [batch(0), { ...batch(8), sampleWeight: y.slice(8, 16) }],
      {},
      /batch 1 of the stream has sampleWeight, unlike those before it/,
    ],
  ];
  for (const [name, stream, options, message] of cases) {
    test(name, async () => {
      using model = smallModel(device);
      await model.weights();
      const { bytes } = device.memory;
      await expect(model.fit(stream(), options)).rejects.toThrow(message);
      model.compile({ loss: "binaryCrossentropy" });
      expect(device.memory.bytes).toBeLessThanOrEqual(bytes);
    });
  }
});

describe("stepsPerEpoch on rows", () => {
  test("goes on where the epoch before it ended, in whole passes", async () => {
    const whole = await bitsAfter((model) => model.fit(x, y, { epochs: 2, batchSize: 8 }));
    using model = smallModel(device);
    const { history, statistics } = await model.fit(x, y, { epochs: 3, batchSize: 8, stepsPerEpoch: 2 });
    expect(history.loss).toHaveLength(3);
    expect(statistics.steps).toBe(6);
    expect(await weightBits(model)).toEqual(whole);
    using longer = smallModel(device);
    await longer.fit(x, y, { epochs: 1, batchSize: 8, stepsPerEpoch: 6 });
    expect(await weightBits(longer)).toEqual(whole);
  });

  test("stops and goes on exactly", async () => {
    const options = { epochs: 3, batchSize: 8, stepsPerEpoch: 4 };
    using straight = smallModel(device);
    const { history } = await straight.fit(x, y, options);
    using model = smallModel(device);
    const controller = new AbortController();
    let steps = 0;
    const onProgress = () => {
      if (++steps === 6) controller.abort();
    };
    await expect(model.fit(x, y, { ...options, signal: controller.signal, onProgress })).rejects.toThrow(AbortError);
    using again = await loadModel(await model.toFiles(), { device });
    const resumed = await again.fit(x, y, { resume: true });
    expect(resumed.history.loss).toEqual(history.loss);
    expect(await weightBits(again)).toEqual(await weightBits(straight));
  });
});

test("initialEpoch counts epochs as done", async () => {
  using model = smallModel(device);
  const { epochs, history } = await model.fit(x, y, { initialEpoch: 3, epochs: 5, batchSize: 8, shuffle: false });
  expect(epochs.map(({ epoch }) => epoch)).toEqual([4, 5]);
  expect(history.loss).toEqual(wanted.loss);
  expect((await model.fit(x, y, { initialEpoch: 5, epochs: 5 })).epochs).toEqual([]);
  await expect(model.fit(x, y, { initialEpoch: -1 })).rejects.toThrow(/initialEpoch is -1; expected .* at least 0/);
  await expect(model.fit(x, y, { stepsPerEpoch: 0 })).rejects.toThrow(/stepsPerEpoch is 0/);
});

test("validationSteps and steps look at the first batches only", async () => {
  using model = smallModel(device);
  const first = await model.evaluate(x.slice(0, 16), y.slice(0, 16), { batchSize: 8 });
  expect(await model.evaluate(x, y, { batchSize: 8, steps: 2 })).toEqual(first);
  expect(await model.evaluate(endless(), { steps: 2 })).toEqual(first);
  const { history } = await model.fit(x, y, {
    epochs: 1,
    batchSize: 22,
    validationData: { x, y },
    validationBatchSize: 8,
    validationSteps: 2,
  });
  const after = await model.evaluate(x, y, { batchSize: 8, steps: 2 });
  expect(history.valLoss?.[0]).toBeCloseTo(after.loss ?? 0, 6);
});
