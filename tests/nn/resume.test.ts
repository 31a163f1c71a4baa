/** A training that is stopped and goes on ends, bit for bit, as one that was never stopped. */
import { beforeAll, describe, expect, test } from "vitest";
import { AbortError, type Device, DisposedError, loadModel, type Model } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
let wanted: { readonly bits: readonly number[]; readonly loss: readonly number[] };
const data = smallData(22);
const fit = { epochs: 3, batchSize: 8 };

beforeAll(async () => {
  device = await testDevice();
  using model = smallModel(device);
  const { history } = await model.fit(data, fit);
  wanted = { bits: await weightBits(model), loss: history.loss ?? [] };
});

/** Trains until `steps` steps are done, then aborts. */
async function stopAfter(model: Model, steps: number): Promise<void> {
  const controller = new AbortController();
  if (steps === 0) controller.abort();
  let done = 0;
  const stopped = model.fit(data, {
    ...fit,
    signal: controller.signal,
    onProgress: () => {
      done++;
      if (done === steps) controller.abort();
    },
  });
  await expect(stopped).rejects.toThrow(AbortError);
  expect(model.trainingState?.iteration).toBe(steps);
}

async function expectSameEnd(model: Model): Promise<void> {
  const { history } = await model.fit(data, { resume: true });
  expect(history.loss).toEqual(wanted.loss);
  expect(await weightBits(model)).toEqual(wanted.bits);
}

test("one seed gives the same weights, another does not", async () => {
  using again = smallModel(device);
  await again.fit(data, fit);
  expect(await weightBits(again)).toEqual(wanted.bits);
  using other = smallModel(device, { seed: 4 });
  await other.fit(data, fit);
  expect(await weightBits(other)).not.toEqual(wanted.bits);
});

describe("stopped at a step, then resumed", () => {
  for (const steps of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`after ${steps} of 9 steps`, async () => {
      using model = smallModel(device);
      await stopAfter(model, steps);
      await expectSameEnd(model);
    });
  }

  test("through a saved and loaded model", async () => {
    using first = smallModel(device);
    await stopAfter(first, 4);
    const files = await first.toFiles();
    first.dispose();
    using second = await loadModel(files, { device });
    expect(second.trainingState?.iteration).toBe(4);
    await expectSameEnd(second);
  });

  test("twice", async () => {
    using model = smallModel(device);
    await stopAfter(model, 2);
    const controller = new AbortController();
    const again = model.fit(data, { resume: true, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(again).rejects.toThrow(AbortError);
    expect(model.trainingState?.iteration).toBe(3);
    await expectSameEnd(model);
  });

  test("by a callback that threw", async () => {
    using model = smallModel(device);
    let calls = 0;
    const onProgress = () => {
      if (++calls === 5) throw new RangeError("the page has no room");
    };
    await expect(model.fit(data, { ...fit, onProgress })).rejects.toThrow("the page has no room");
    await expectSameEnd(model);
  });

  test("other data than before is refused", async () => {
    using model = smallModel(device);
    await stopAfter(model, 2);
    await expect(model.fit(smallData(21), { resume: true })).rejects.toThrow("22 examples, this data has 21");
    await expectSameEnd(model);
  });
});

describe("pause", () => {
  test("holds the next step back until resume, and changes nothing", async () => {
    using model = smallModel(device);
    let calls = 0;
    const running = model.fit(data, {
      ...fit,
      onProgress: () => {
        calls++;
        if (calls === 2) model.pause();
      },
    });
    await expect.poll(() => calls, { timeout: 60_000 }).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls).toBe(2);
    model.resume();
    await running;
    expect(await weightBits(model)).toEqual(wanted.bits);
  });

  test("an abort ends a paused training", async () => {
    using model = smallModel(device);
    const controller = new AbortController();
    model.pause();
    const running = model.fit(data, { ...fit, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(running).rejects.toThrow(AbortError);
    model.resume();
    await expectSameEnd(model);
  });

  test("so does disposing the model", async () => {
    const model = smallModel(device);
    model.pause();
    const running = model.fit(data, fit);
    setTimeout(() => model.dispose(), 20);
    await expect(running).rejects.toThrow(DisposedError);
  });
});
