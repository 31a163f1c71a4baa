/** Metrics in a model: by name and as functions, weighted, resumed and saved. */
import { beforeAll, expect, test } from "vitest";
import {
  AbortError,
  auc,
  type Device,
  dense,
  f1Score,
  loadModel,
  type MetricLike,
  precision,
  sequential,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const data = smallData(22);
const metrics: readonly MetricLike[] = [
  ...["accuracy", "auc", "Precision", "recall", "f1Score", "mse", "rootMeanSquaredError", "r2Score"],
  auc({ name: "pr", curve: "PR" }),
  precision({ thresholds: 0.4, name: "precise" }),
  precision({ thresholds: [0.3, 0.7], name: "several" }),
];

/** What the metrics of the predictions are, worked out on the host. */
async function byHand(model: ReturnType<typeof smallModel>) {
  const { data: p } = await model.predict(data.x);
  const { y } = data;
  const count = (test: (y: number, p: number) => boolean) =>
    y.filter((label, at) => test(label, p[at] as number)).length;
  const tp = count((label, output) => label === 1 && output > 0.5);
  const called = count((_, output) => output > 0.5);
  const mse = y.reduce((sum, label, at) => sum + (label - (p[at] as number)) ** 2, 0) / y.length;
  return { precision: called === 0 ? 0 : tp / called, recall: tp / count((label) => label === 1), mse };
}

test("evaluate gives what the predictions say", async () => {
  using model = smallModel(device, { metrics });
  await model.fit(data, { epochs: 3, batchSize: 8 });
  const logs = await model.evaluate(data, { batchSize: 8 });
  expect(Object.keys(logs)).toEqual([
    ...["loss", "accuracy", "auc", "Precision", "recall", "f1Score", "mse", "rootMeanSquaredError", "r2Score"].map(
      (name) => (name === "Precision" ? "precision" : name),
    ),
    ...["pr", "precise", "several[0]", "several[1]"],
  ]);
  const wanted = await byHand(model);
  for (const [name, value] of Object.entries(wanted)) expect(logs[name], name).toBeCloseTo(value, 5);
  expect(logs.rootMeanSquaredError).toBeCloseTo(Math.sqrt(wanted.mse), 5);
});

test("sums of a stopped epoch go on exactly, through a file too", async () => {
  using whole = smallModel(device, { metrics });
  const { history: wanted } = await whole.fit(data, { epochs: 2, batchSize: 8 });
  using first = smallModel(device, { metrics });
  const controller = new AbortController();
  let steps = 0;
  const onProgress = () => {
    if (++steps === 2) controller.abort();
  };
  const stopped = first.fit(data, { epochs: 2, batchSize: 8, signal: controller.signal, onProgress });
  await expect(stopped).rejects.toThrow(AbortError);
  expect(first.trainingState?.sums.length).toBeGreaterThan(800);
  using second = await loadModel(await first.toFiles(), { device });
  const { history } = await second.fit(data, { resume: true });
  expect(history).toEqual(wanted);
});

test("weightedMetrics count examples by their weights, metrics do not", async () => {
  using model = sequential([dense({ units: 1, useBias: false, kernelInitializer: "ones" })], {
    device,
    inputShape: [1],
  });
  model.compile({ loss: "mse", metrics: ["mae"], weightedMetrics: ["mae", f1Score({ threshold: 0.5, name: "f" })] });
  const logs = await model.evaluate({ x: [[1], [2]], y: [[0], [0]], sampleWeight: [3, 1] });
  expect(logs.mae).toBeCloseTo(1.5, 6);
  expect(logs.weightedMae).toBeCloseTo(1.25, 6);
  expect(logs.loss).toBeCloseTo((3 * 1 + 1 * 4) / 2, 5);
});

test("an unknown metric is named before anything has changed", () => {
  expect(() => smallModel(device, { metrics: ["f2score"] })).toThrow(ValueError);
});
