/** A compiled step apart from `fit`: it trains as `fit` does, and tells the time of each dispatch. */
import { expect, test } from "vitest";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

test("a step gives its loss and trains, bit for bit as a step of fit; its profile names every dispatch", async () => {
  const device = await testDevice();
  const before = device.memory.buffers;
  const data = smallData(8);
  const fitted = smallModel(device);
  const { history } = await fitted.fit(data, { batchSize: 8, shuffle: false });
  const model = smallModel(device);
  const step = await model.trainingStep(data, { batchSize: 8 });
  expect(await step.run()).toBeCloseTo(history.loss?.[0] ?? Number.NaN, 6);
  expect(await weightBits(model)).toEqual(await weightBits(fitted));

  const times = await step.profile();
  const { dispatches, extraChunks } = step.program.statistics;
  expect(times).toHaveLength(dispatches + extraChunks);
  expect(times.map(({ operation }) => operation)).toEqual(
    expect.arrayContaining(["lstmSweep", "lstmSweepGrad", "adamUpdate"]),
  );
  expect(times.every(({ seconds }) => seconds >= 0)).toBe(true);
  // The loss is that of one step, however many were taken since the last.
  await step.program.time(20, step.feeds);
  const later = await step.run();
  expect(later).toBeGreaterThan(0);
  expect(later).toBeLessThan(history.loss?.[0] ?? 0);

  step.dispose();
  model.dispose();
  fitted.dispose();
  expect(device.memory.buffers).toBe(before);
});

test("refuses what fit refuses", async () => {
  const device = await testDevice();
  using model = smallModel(device);
  await expect(model.trainingStep(smallData(8), { batchSize: 0 })).rejects.toThrow("batchSize is 0");
  await expect(model.trainingStep({ x: [[1, 2]], y: [1] })).rejects.toThrow("trainingStep");
});
