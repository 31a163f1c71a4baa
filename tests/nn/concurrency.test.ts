/**
 * What a callback may do in the middle of a training, whatever the moment: it throws, it trains, it disposes the model.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { AbortError, type Callback, type Device, DisposedError } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

const data = smallData(22);
const fit = { epochs: 2, batchSize: 8, validationSplit: 0.25 };
const goOn = { resume: true, validationSplit: 0.25 };

let device: Device;
let wanted: readonly number[];
beforeAll(async () => {
  device = await testDevice();
  using model = smallModel(device);
  await model.fit(data, fit);
  wanted = await weightBits(model);
});

/** The moments of a training, by the hook that is called; of those that come often, one in the middle. */
const MOMENTS = {
  "before the training": (act) => ({ onTrainBegin: act }),
  "before an epoch": (act) => ({ onEpochBegin: (epoch) => (epoch === 1 ? act() : undefined) }),
  "before a step": (act) => ({ onBatchBegin: (batch) => (batch === 1 ? act() : undefined) }),
  "after a step": (act) => ({ onBatchEnd: (batch) => (batch === 1 ? act() : undefined) }),
  "after an epoch": (act) => ({ onEpochEnd: (epoch) => (epoch === 0 ? act() : undefined) }),
  "after an epoch that counts": (act) => ({ onEpochSettled: (epoch) => (epoch === 0 ? act() : undefined) }),
  "after the training": (act) => ({ onTrainEnd: act }),
} satisfies Record<string, (act: () => Promise<void>) => Callback>;

/** A hook that acts at its moment, but once. */
function once(moment: keyof typeof MOMENTS, act: () => Promise<void>): Callback {
  let isDone = false;
  return MOMENTS[moment](async () => {
    if (isDone) return;
    isDone = true;
    await act();
  });
}

describe.each(Object.keys(MOMENTS) as (keyof typeof MOMENTS)[])("a callback %s", (moment) => {
  test("that throws: fit rejects with it, the model is free, and the training goes on to the same end", async () => {
    using model = smallModel(device);
    const callback = once(moment, () => Promise.reject(new RangeError("the page has no room")));
    await expect(model.fit(data, { ...fit, callbacks: [callback] })).rejects.toThrow("the page has no room");
    await model.evaluate(data);
    await model.fit(data, goOn);
    expect(await weightBits(model)).toEqual(wanted);
  });

  test("that trains the same model: its own fit is refused at once, the first goes on", async () => {
    using model = smallModel(device);
    let refused: unknown;
    const callback = once(moment, async () => {
      refused = await model.fit(data, fit).catch((error: unknown) => error);
      expect(() => model.compile({ loss: "mse" })).toThrow(/busy with fit/);
    });
    await model.fit(data, { ...fit, callbacks: [callback] });
    expect(String(refused)).toMatch(/busy with fit; await it first/);
    expect(await weightBits(model)).toEqual(wanted);
  });

  test("that disposes the model: fit rejects with a DisposedError, and nothing stays", async () => {
    const { bytes, buffers } = device.memory;
    const model = smallModel(device);
    const callback = once(moment, async () => {
      model.dispose();
      model.dispose();
    });
    await expect(model.fit(data, { ...fit, callbacks: [callback] })).rejects.toThrow(DisposedError);
    expect(device.memory).toMatchObject({ bytes, buffers });
    expect(device.isDisposed).toBe(false);
    await expect(model.predict(data.x)).rejects.toThrow(DisposedError);
  });

  test("that aborts: whole steps only, and the training goes on to the same end", async () => {
    using model = smallModel(device);
    const control = new AbortController();
    const callback = once(moment, async () => control.abort());
    const stopped = model.fit(data, { ...fit, callbacks: [callback], signal: control.signal });
    // There is nothing left to stop once the last step is done.
    if (moment === "after the training") await stopped;
    else await expect(stopped).rejects.toThrow(AbortError);
    if (moment !== "after the training") await model.fit(data, goOn);
    expect(await weightBits(model)).toEqual(wanted);
  });
});

test("two models train on one device at the same time, each as if it were alone", async () => {
  using first = smallModel(device);
  using second = smallModel(device);
  await Promise.all([first.fit(data, fit), second.fit(data, fit)]);
  expect(await weightBits(first)).toEqual(wanted);
  expect(await weightBits(second)).toEqual(wanted);
});

test("disposing a model leaves the device and the others on it", async () => {
  using kept = smallModel(device);
  const running = kept.fit(data, fit);
  smallModel(device).dispose();
  await running;
  expect(await weightBits(kept)).toEqual(wanted);
});
