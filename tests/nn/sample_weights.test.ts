/** Sample and class weights, masks in the loss, and single batches. */

import { beforeAll, describe, expect, test } from "vitest";
import { whenLoaded } from "../../src/core/named.ts";
import {
  type Device,
  dense,
  input,
  inputValue,
  interpret,
  lstm,
  masking,
  model,
  NonFiniteError,
  sequential,
  sgd,
  sparseCategoricalCrossentropy,
  type Value,
} from "../../src/index.ts";
import { resolveLoss } from "../../src/nn/losses/index.ts";
import { weightedMean } from "../../src/nn/training/objective.ts";
import { type KerasArray, toArray } from "../conformance/keras_case.ts";
import losses from "../fixtures/keras_losses.json" with { type: "json" };
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

interface WeightedLoss {
  readonly loss: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  readonly yTrue: KerasArray;
  readonly yPred: KerasArray;
  readonly sampleWeight: KerasArray;
  readonly value: number;
  readonly weightedValue: number;
}

describe("Keras's weighted losses", () => {
  for (const fixture of losses as unknown as readonly WeightedLoss[]) {
    test(`${fixture.loss} ${JSON.stringify(fixture.options)}`, async () => {
      const parts = [fixture.yTrue, fixture.yPred, fixture.sampleWeight].map((array) => toArray(array));
      const [yTrue, yPred, weight] = parts.map(({ shape }, index) => inputValue(`part ${index}`, shape)) as [
        Value,
        Value,
        Value,
      ];
      const { perSample } = await whenLoaded(() => resolveLoss({ name: fixture.loss, ...fixture.options }));
      const loss = perSample(yTrue, yPred);
      const [value, weighted] = interpret(
        { outputs: [weightedMean(loss), weightedMean(loss, weight)], updates: [] },
        { inputs: new Map([yTrue, yPred, weight].map((each, index) => [each, parts[index] as (typeof parts)[0]])) },
      );
      expect(value?.data[0]).toBeCloseTo(fixture.value, 5);
      expect(weighted?.data[0]).toBeCloseTo(fixture.weightedValue, 5);
    });
  }
});

test.each([-1, 2])(
  "targets of ignoreClass %i do not count, in steps of a sequence and with weights",
  async (ignoreClass) => {
    using own = sequential([dense({ units: 3, useBias: false, kernelInitializer: "identity" })], {
      device,
      inputShape: [2, 3],
    });
    own.compile({
      optimizer: sgd({ learningRate: 1 }),
      loss: sparseCategoricalCrossentropy({ fromLogits: true, ignoreClass }),
    });
    const x = [
      [
        [1, 0, 2],
        [0, 3, 1],
      ],
      [
        [2, 1, 0],
        [1, 1, 1],
      ],
    ];
    const y = [
      [0, ignoreClass],
      [1, 0],
    ];
    // Keras: Σ weight · loss over what counts, divided by how many those are.
    const entropy = (row: readonly number[], at: number) =>
      Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (row[at] as number);
    const [a, b, c] = [entropy([1, 0, 2], 0), entropy([2, 1, 0], 1), entropy([1, 1, 1], 0)];
    expect((await own.evaluate(x, y)).loss).toBeCloseTo((a + b + c) / 3, 5);
    expect((await own.evaluate(x, y, { sampleWeight: [3, 1] })).loss).toBeCloseTo((3 * a + b + c) / 3, 5);
    await own.fit(x, y, { batchSize: 2 });
    // The kernel's gradient: Σ x · (softmax − one-hot) over the three steps that count, divided by 3.
    const steps = [
      { row: [1, 0, 2], at: 0 },
      { row: [2, 1, 0], at: 1 },
      { row: [1, 1, 1], at: 0 },
    ];
    const [kernel] = await own.weights();
    kernel?.data.forEach((value, index) => {
      const [i, j] = [Math.floor(index / 3), index % 3];
      const gradient = steps.reduce((sum, { row, at }) => {
        const share = Math.exp(row[j] as number) / row.reduce((total, logit) => total + Math.exp(logit), 0);
        return sum + (row[i] as number) * (share - Number(j === at));
      }, 0);
      expect(value).toBeCloseTo(Number(i === j) - gradient / 3, 5);
    });
    expect(() => sparseCategoricalCrossentropy({ ignoreClass: 0.5 })).toThrow(/ignoreClass is 0.5/);
  },
);

/** One dense layer whose prediction is 0, so that the losses are y². */
async function zeroModel(units = 1) {
  const made = sequential([dense({ units })], { device, inputShape: [2] });
  made.compile({ loss: "mse", optimizer: sgd() });
  await made.setWeights((await made.weights()).map(({ shape, data }) => ({ shape, data: data.map(() => 0) })));
  return made;
}
const x = [
  [1, 2],
  [3, 4],
  [5, 6],
];

describe("sampleWeight", () => {
  test("scales each example's loss; the sum is divided by the number of examples", async () => {
    using made = await zeroModel();
    const y = [1, 2, 3];
    const wanted = (1 * 0.5 + 4 * 2 + 0) / 3;
    expect((await made.evaluate(x, y, { sampleWeight: [0.5, 2, 0], batchSize: 2 })).loss).toBeCloseTo(wanted, 5);
    expect((await made.evaluate({ x, y, sampleWeight: [[0.5], [2], [0]] })).loss).toBeCloseTo(wanted, 5);
    expect((await made.evaluate([x, y, [0.5, 2, 0]])).loss).toBeCloseTo(wanted, 5);
    const { history } = await made.fit(x, y, { sampleWeight: [0.5, 2, 0], batchSize: 3 });
    expect(history.loss?.[0]).toBeCloseTo(wanted, 5);
  });

  test("of 0 leaves the example out of the training", async () => {
    const train = async (rows: readonly number[][], y: readonly number[], sampleWeight: readonly number[]) => {
      const made = await zeroModel();
      await made.fit(rows, y, { sampleWeight, shuffle: false, batchSize: 3 });
      const weights = await made.weights();
      made.dispose();
      return weights.map(({ data }) => Array.from(data));
    };
    const without = await train(x, [1, 2, 1e6], [1, 1, 0]);
    expect(await train(x, [1, 2, -7], [1, 1, 0])).toEqual(without);
    expect(await train(x, [1, 2, -7], [1, 1, 1])).not.toEqual(without);
  });

  test("may weigh timesteps; of wrong shapes it is refused", async () => {
    using made = sequential([dense({ units: 1 })], { device, inputShape: [2, 1] });
    made.compile({ loss: "mse" });
    await made.setWeights([
      { shape: [1, 1], data: [0] },
      { shape: [1], data: [0] },
    ]);
    const steps = [
      [[1], [2]],
      [[3], [4]],
    ];
    const weights = [
      [1, 0],
      [0.5, 2],
    ];
    expect((await made.evaluate(steps, steps, { sampleWeight: weights })).loss).toBeCloseTo((1 + 4.5 + 32) / 4, 5);
    expect((await made.evaluate(steps, steps, { sampleWeight: [2, 0] })).loss).toBeCloseTo((2 + 8) / 4, 5);
    await expect(made.evaluate(steps, steps, { sampleWeight: [1, 2, 3] })).rejects.toThrow(
      /sampleWeight is \[3\]; expected \[2\] or \[2, 2\]/,
    );
    await expect(made.evaluate(steps, steps, { sampleWeight: [1, Number.NaN] })).rejects.toThrow(/NaN/);
    await expect(made.evaluate({ x: steps, y: steps, sampleWeight: [1, 1] }, { sampleWeight: [1, 1] })).rejects.toThrow(
      /expected it once/,
    );
  });
});

describe("classWeight", () => {
  test("weighs by the class's number, or by the largest of a one-hot row; other classes count 1", async () => {
    using made = await zeroModel();
    const y = [0, 1, 2];
    const { history } = await made.fit(x, y, { classWeight: { 1: 5, 2: 0.5 }, batchSize: 3 });
    expect(history.loss?.[0]).toBeCloseTo((0 + 1 * 5 + 4 * 0.5) / 3, 5);
    using wide = await zeroModel(2);
    const rows = [
      [1, 0],
      [0, 1],
      [0, 1],
    ];
    const { history: oneHot } = await wide.fit(x, rows, { classWeight: { 0: 3 }, batchSize: 3 });
    expect(oneHot.loss?.[0]).toBeCloseTo((0.5 * 3 + 0.5 + 0.5) / 3, 5);
  });

  test("does not weigh what is kept for validation; sampleWeight does", async () => {
    using made = await zeroModel();
    const rows = [...x, [7, 8]];
    const { history } = await made.fit(rows, [0, 1, 1, 2], { classWeight: { 2: 10 }, validationSplit: 0.25 });
    const last = await made.evaluate([[7, 8]], [2]);
    expect(history.valLoss?.[0]).toBeCloseTo(last.loss ?? 0, 4);
    const weighted = await made.fit(rows, [0, 1, 1, 2], { sampleWeight: [1, 1, 1, 10], validationSplit: 0.25 });
    expect(weighted.history.valLoss?.[0]).toBeCloseTo(10 * ((await made.evaluate([[7, 8]], [2])).loss ?? 0), 2);
  });

  test("is refused beside sampleWeight, for several outputs and with odd weights", async () => {
    using made = await zeroModel();
    await expect(made.fit(x, [0, 1, 1], { classWeight: { 0: 1 }, sampleWeight: [1, 1, 1] })).rejects.toThrow(
      /got classWeight and sampleWeight/,
    );
    await expect(made.fit(x, [0, 1, 1], { classWeight: { 0: -1 } })).rejects.toThrow(/classWeight holds 0: -1/);
    const start = input({ shape: [2] });
    using two = model({
      inputs: start,
      outputs: [dense({ units: 1, name: "a" }).call(start), dense({ units: 1, name: "b" }).call(start)],
      device,
    });
    two.compile({ loss: "mse" });
    await expect(two.fit(x, [x, x].map(() => [0, 1, 1]) as never, { classWeight: { 0: 1 } })).rejects.toThrow(
      /classWeight is for models with one output/,
    );
  });
});

test("masked timesteps do not count in the loss: it is the mean over the others", async () => {
  using made = sequential([masking(), lstm({ units: 1, returnSequences: true })], { device, inputShape: [3, 1] });
  made.compile({ loss: "mse" });
  await made.setWeights((await made.weights()).map(({ shape, data }) => ({ shape, data: data.map(() => 0) })));
  const rows = [
    [[1], [2], [0]],
    [[1], [0], [0]],
  ];
  const y = [
    [[1], [2], [9]],
    [[3], [9], [9]],
  ];
  expect((await made.evaluate(rows, y)).loss).toBeCloseTo((1 + 4 + 9) / 3, 4);
  expect((await made.evaluate(rows, y, { sampleWeight: [2, 1] })).loss).toBeCloseTo((2 + 8 + 9) / 3, 4);
});

describe("single batches", () => {
  test("train as fit does, step by step, and count on", async () => {
    const { x: rows, y } = smallData(22);
    using whole = smallModel(device);
    const { history } = await whole.fit(rows, y, { batchSize: 8, shuffle: false });
    using single = smallModel(device);
    let sum = 0;
    for (let from = 0; from < 22; from += 8) {
      const logs = await single.trainOnBatch(rows.slice(from, from + 8), y.slice(from, from + 8));
      sum += (logs.loss ?? 0) * Math.min(8, 22 - from);
    }
    expect(sum / 22).toBeCloseTo(history.loss?.[0] ?? 0, 5);
    expect(await weightBits(single)).toEqual(await weightBits(whole));
    expect(single.trainingState?.iteration).toBe(3);
    await whole.fit(rows, y, { batchSize: 8, shuffle: false });
    await single.fit(rows, y, { batchSize: 8, shuffle: false });
    expect(await weightBits(single)).toEqual(await weightBits(whole));
  });

  test("end a stopped training: it cannot be resumed after them", async () => {
    using model = smallModel(device);
    const { x: rows, y } = smallData(22);
    const controller = new AbortController();
    const stopped = model.fit(rows, y, {
      batchSize: 8,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toThrow("stopped");
    await model.trainOnBatch(rows, y);
    expect(model.trainingState?.iteration).toBe(2);
    await expect(model.fit(rows, y, { resume: true })).rejects.toThrow(/no training to resume/);
  });

  test("test and predict as evaluate and predict do, and leave nothing behind", async () => {
    const start = device.memory.bytes;
    const { x: rows, y } = smallData(10);
    const made = smallModel(device);
    const [tested, evaluated] = [await made.testOnBatch(rows, y), await made.evaluate(rows, y)];
    for (const [name, value] of Object.entries(evaluated)) expect(tested[name]).toBeCloseTo(value, 5);
    expect(await made.predictOnBatch(rows)).toEqual(await made.predict(rows, { batchSize: 10 }));
    await made.trainOnBatch(rows, y, { sampleWeight: rows.map(() => 0.5) });
    made.compile({ loss: "binaryCrossentropy" });
    await made.trainOnBatch(rows, y, { classWeight: { 1: 2 } });
    made.dispose();
    expect(device.memory.bytes).toBe(start);
  });

  test("whose loss is not finite leave the weights", async () => {
    using made = smallModel(device, { loss: "mse" });
    const { x: rows } = smallData(4);
    const before = await weightBits(made);
    const huge = rows.map(() => 3e38);
    await expect(made.trainOnBatch(rows, huge)).rejects.toThrow(NonFiniteError);
    expect(await weightBits(made)).toEqual(before);
    await made.trainOnBatch(rows, [0, 1, 1, 0]);
    expect(await weightBits(made)).not.toEqual(before);
  });
});
