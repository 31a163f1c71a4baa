/** Bad input: an error that says what was expected, what came and what to do; model and device stay as they were. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  auc,
  binaryCrossentropy,
  type Device,
  DisposedError,
  dense,
  earlyStopping,
  embedding,
  flatten,
  loadModel,
  lstm,
  NonFiniteError,
  requestDevice,
  ShapeError,
  sequential,
  sgd,
  truePositives,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { IDS, LENGTH, smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const data = smallData(10);
/** The data with one element of x or y replaced. */
const withX = (value: number) => ({
  ...data,
  x: data.x.map((row, index) => (index === 4 ? [...row.slice(1), value] : row)),
});
const withY = (value: number) => ({ ...data, y: data.y.map((label, index) => (index === 4 ? value : label)) });

describe("data that does not fit is refused before anything changes", () => {
  const cases: readonly [string, unknown, typeof ValueError | typeof ShapeError, RegExp][] = [
    [
      "a token id outside the table",
      withX(IDS),
      ValueError,
      new RegExp(`id ${IDS}, outside.*table of ${IDS} rows.*0 to ${IDS - 1}`),
    ],
    ["a negative token id", withX(-1), ValueError, /id -1; expected ids from 0/],
    ["a token id that is no whole number", withX(1.5), ValueError, /1\.5/],
    ["a NaN among the ids", withX(Number.NaN), ValueError, /NaN/],
    ["a label above 1", withY(2), ValueError, /target 4 is 2; expected 0 ≤ y ≤ 1/],
    ["a label below 0", withY(-1), ValueError, /target 4 is -1; expected 0 ≤ y ≤ 1/],
    ["a label that is NaN", withY(Number.NaN), ValueError, /element 4 \(example 4\) is NaN; expected finite/],
    ["rows of another length", { ...data, x: data.x.map((row) => row.slice(1)) }, ShapeError, /\[10, 5\].*\[B, 6\]/],
    ["ragged rows", { ...data, x: data.x.map((row, index) => row.slice(index % 2)) }, ShapeError, /ragged/],
    ["fewer labels than rows", { ...data, y: data.y.slice(1) }, ShapeError, /9/],
    ["labels of another width", { ...data, y: data.y.map((label) => [label, label]) }, ShapeError, /\[10, 2\]/],
    ["no rows", { x: [], y: [] }, ValueError, /x is empty; expected at least one/],
    [
      "texts in place of ids",
      { ...data, x: data.x.map(() => "a fine film") },
      ValueError,
      /"a fine film"; expected numbers; .*encode/,
    ],
    [
      "texts among the ids",
      { ...data, x: data.x.map((row) => row.map(String)) },
      ValueError,
      /expected numbers; .*encode/,
    ],
    [
      "a hole among the ids",
      { ...data, x: data.x.map((row, index) => (index === 3 ? [...row.slice(1), null] : row)) },
      ValueError,
      /null; expected numbers/,
    ],
    ["no labels", { x: data.x }, ValueError, /y is missing/],
  ];
  for (const [name, bad, kind, message] of cases) {
    test(name, async () => {
      using model = smallModel(device);
      const before = await weightBits(model);
      const { bytes } = device.memory;
      const error = await model.fit(bad as never, { batchSize: 4 }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(message);
      expect(error).toBeInstanceOf(kind);
      await expect(model.evaluate(bad as never)).rejects.toThrow(kind);
      expect(device.memory.bytes).toBe(bytes);
      expect(await weightBits(model)).toEqual(before);
      expect(model.trainingState).toBeUndefined();
    });
  }

  test("NaN or infinity in a float input", async () => {
    using model = sequential([lstm({ units: 4 }), dense({ units: 1 })], { device, inputShape: [3, 2] });
    model.compile({ loss: "mse" });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = { shape: [2, 3, 2], data: Float32Array.from({ length: 12 }, (_, index) => (index === 7 ? bad : 0)) };
      await expect(model.fit(x, [1, 2])).rejects.toThrow(`element 7 of x is ${bad}; expected finite numbers`);
      await expect(model.predict(x)).rejects.toThrow("finite");
    }
    await expect(model.fit({ shape: [2, 3, 2], data: new Float32Array(12) }, [1, Number.NaN])).rejects.toThrow(
      "element 1 (example 1) is NaN",
    );
  });

  test("an input of another dtype", async () => {
    using model = smallModel(device);
    await expect(model.predict({ shape: [1, LENGTH], data: Float32Array.of(0.5, 1, 2, 3, 4, 5) })).rejects.toThrow(
      ValueError,
    );
  });

  test("weights that do not fit leave all as they were", async () => {
    using model = smallModel(device);
    const before = await weightBits(model);
    const weights = await model.weights();
    await expect(model.setWeights(weights.slice(1))).rejects.toThrow(/got \d arrays; the model has \d/);
    const last = weights.map((weight, index) => (index === weights.length - 1 ? { shape: [2], data: [1, 2] } : weight));
    await expect(model.setWeights(last)).rejects.toThrow(ShapeError);
    const nan = weights.map((weight) => ({ shape: weight.shape, data: weight.data.map(() => Number.NaN) }));
    await expect(model.setWeights(nan)).rejects.toThrow("not finite");
    expect(await weightBits(model)).toEqual(before);
  });
});

describe("a model that cannot be", () => {
  test("layers that do not follow each other", () => {
    expect(() => sequential([lstm({ units: 4 })], { device, inputShape: [6] })).toThrow(
      /LSTM "lstm".*\[B, 6\].*\[B, T, D\]/,
    );
    const returnsLast = [embedding({ inputDim: 5, outputDim: 2 }), lstm({ units: 4 }), lstm({ units: 4 })];
    expect(() => sequential(returnsLast, { device, inputShape: [6] })).toThrow(ShapeError);
    expect(() => sequential([], { device, inputShape: [6] })).toThrow("at least one");
    expect(() => sequential([flatten()], { device, inputShape: [0] })).toThrow(ShapeError);
  });

  test("unknown names list the known ones", () => {
    const model = smallModel(device);
    expect(() => model.compile({ loss: "entropy" })).toThrow(
      /unknown loss "entropy"; expected one of binaryCrossentropy/,
    );
    expect(() => model.compile({ optimizer: "ada", loss: "mse" })).toThrow(
      /unknown optimizer "ada"; expected one of sgd/,
    );
    expect(() => model.compile({ loss: "mse", metrics: ["aucc"] })).toThrow(/unknown metric "aucc"/);
    expect(() => dense({ units: 1, activation: "sigmoi" as never })).toThrow(/unknown activation "sigmoi"/);
    expect(() => dense({ units: 0 })).toThrow(/units is 0; expected a whole number of at least 1/);
    expect(() => lstm({ units: 2, activation: "swosh" as never })).toThrow(/unknown activation "swosh"/);
    model.dispose();
  });

  test("options of fit", async () => {
    using model = smallModel(device);
    await expect(model.fit(data, { epochs: 0 })).rejects.toThrow("epochs is 0");
    await expect(model.fit(data, { batchSize: 1.5 })).rejects.toThrow("batchSize is 1.5");
    await expect(model.fit(data, { validationSplit: 1 })).rejects.toThrow("validationSplit is 1");
    await expect(model.fit({ x: data.x.slice(1, 2), y: [1] }, { validationSplit: 0.5 })).rejects.toThrow(
      "one side empty",
    );
    using fresh = sequential([flatten(), dense({ units: 1 })], { device, inputShape: [2] });
    await expect(fresh.fit([[1, 2]], [1])).rejects.toThrow("not compiled");
    fresh.compile({ loss: "mse" });
    await expect(fresh.fit([[1, 2]], [1], { resume: true })).rejects.toThrow("no training to resume");
  });
});

describe("what no compiler looked at", () => {
  test("an option with another name is refused, with the name that was meant", async () => {
    using model = smallModel(device);
    const before = await weightBits(model);
    const fitWith = (options: object) => model.fit(data, options as never);
    await expect(fitWith({ epoch: 3 })).rejects.toThrow('fit: unknown option "epoch"; did you mean epochs?');
    await expect(fitWith({ batch_size: 3 })).rejects.toThrow("did you mean batchSize?");
    await expect(fitWith({ verbose: 1 })).rejects.toThrow('unknown option "verbose"; give callbacks: [progress()]');
    await expect(model.fit(data.x, data.y, { epoch: 1 } as never)).rejects.toThrow("epochs?");
    await expect(model.evaluate(data, { step: 1 } as never)).rejects.toThrow("did you mean steps?");
    await expect(model.predict(data.x, { batch_size: 1 } as never)).rejects.toThrow("did you mean batchSize?");
    await expect(model.trainOnBatch(data.x, data.y, { classWeights: {} } as never)).rejects.toThrow("classWeight?");
    await expect(model.toFiles({ weight: "float16" } as never)).rejects.toThrow("did you mean weights?");
    await expect(requestDevice({ memory_limit: 1 } as never)).rejects.toThrow("did you mean memoryLimit?");
    expect(() => model.compile({ loss: "mse", metric: ["accuracy"] } as never)).toThrow("did you mean metrics?");
    expect(() => sequential([dense({ units: 1 })], { device, input_shape: [3] } as never)).toThrow("inputShape?");
    expect(await weightBits(model)).toEqual(before);
    await expect(model.fit(data, { seed: undefined } as never)).resolves.toBeDefined();
  });

  test("a device, a layer or a size of another kind", () => {
    const given = { device: Promise.resolve(device) as never, inputShape: [3] };
    expect(() => sequential([dense({ units: 1 })], given)).toThrow(
      "device is a value of class Promise; expected a device: await requestDevice()",
    );
    const other = { device, inputShape: [3] };
    expect(() => sequential([{ units: 1 } as never], other)).toThrow("part 0 is an object; expected a layer, such as");
    expect(() => sequential(["dense" as never], other)).toThrow('part 0 is "dense"; expected a layer');
    expect(() => dense(10 as never)).toThrow("dense: got 10; expected options, as in dense({ units: 10 })");
    expect(() => lstm({ units: "4" as never })).toThrow('lstm: units is "4"; expected a whole number');
    expect(() => sgd({ learningRate: "0.1" as never })).toThrow('sgd: learningRate is "0.1"; expected a finite number');
    expect(() => sequential([dense({ units: 1 })], { device, inputShape: 3 as never })).toThrow(
      "inputShape is 3; expected",
    );
    expect(() => sequential([dense({ units: 1 })], { ...other, seed: 1.5 })).toThrow("seed is 1.5; expected a whole");
    expect(() => dense({ units: 1, kernelRegularizer: 0.01 as never })).toThrow(
      "the regularizer is 0.01; expected a name",
    );
    expect(() => dense({ units: 1, activation: 3 as never })).toThrow("the activation is 3; expected a name");
    expect(() => dense({ units: 1, biasInitializer: Math.random as never })).toThrow("the initializer is a function;");
  });

  test("a loss, an optimizer, a metric, callbacks or files of another kind", async () => {
    using model = smallModel(device);
    expect(() => model.compile({ loss: "mse", optimizer: 0.1 as never })).toThrow(
      "the optimizer is 0.1; expected a name",
    );
    expect(() => model.compile({ loss: "mse", metrics: [true as never] })).toThrow(
      "the metric is true; expected a name",
    );
    const fitWith = (callbacks: unknown) => model.fit(data, { callbacks } as never);
    await expect(fitWith(earlyStopping())).rejects.toThrow(
      "callbacks is an object; expected a list of callbacks, such as",
    );
    await expect(fitWith([() => undefined])).rejects.toThrow("callbacks is [a function]; expected a list of callbacks");
    expect(() => earlyStopping({ patient: 2 } as never)).toThrow(
      'earlyStopping: unknown option "patient"; did you mean patience?',
    );
    expect(() => binaryCrossentropy({ from_logits: true } as never)).toThrow("did you mean fromLogits?");
    const misspelt = { name: "binaryCrossentropy", labelSmooth: 0.1 };
    expect(() => model.compile({ loss: misspelt as never })).toThrow("did you mean labelSmoothing?");
    expect(() => auc({ curves: "PR" } as never)).toThrow('auc: unknown option "curves"; did you mean curve?');
    expect(() => truePositives({ threshold: 0.2 } as never)).toThrow("did you mean thresholds?");
    await expect(loadModel({} as never, { device })).rejects.toThrow(
      "loadModel: got an object; expected a directory, a URL, or",
    );
  });

  test("rows may be typed arrays", async () => {
    using model = smallModel(device);
    const x = data.x.map((row) => Int32Array.from(row));
    expect(await model.predict(x)).toEqual(await model.predict(data.x));
    expect(await model.evaluate(x, Uint8Array.from(data.y))).toEqual(await model.evaluate(data.x, data.y));
    await expect(model.predict(x[0] as Int32Array)).rejects.toThrow(`x is [${LENGTH}]; the model was built for`);
  });
});

/** A regression whose second step has an infinite loss: the first one's update is that large. */
function explosiveModel() {
  const model = sequential([embedding({ inputDim: IDS, outputDim: 4 }), lstm({ units: 4 }), dense({ units: 1 })], {
    device,
    inputShape: [LENGTH],
    seed: 3,
  });
  model.compile({ optimizer: sgd({ learningRate: 1e30 }), loss: "mse" });
  return model;
}

describe("a loss that is not finite", () => {
  const rows = smallData(24);
  const options = { batchSize: 8, shuffle: false, epochs: 3 };

  test("is reported with its step, and the weights from before that step are kept", async () => {
    using model = explosiveModel();
    const error = await model.fit(rows, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as NonFiniteError).details.step).toBe(2);
    expect((error as Error).message).toContain("at step 2 ");
    expect((await model.weights()).every(({ data: weights }) => weights.every(Number.isFinite))).toBe(true);
    const bits = await weightBits(model);
    // The same training, stopped just before that step, has the same weights.
    using twin = explosiveModel();
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(twin.fit(rows, { ...options, signal: controller.signal, onProgress })).rejects.toThrow("stopped");
    expect(await weightBits(twin)).toEqual(bits);
  });

  test("leaves a model that can be saved, loaded and trained with a smaller rate", async () => {
    using model = explosiveModel();
    const before = await model.weights();
    await expect(model.fit(rows, options)).rejects.toThrow(NonFiniteError);
    using loaded = await loadModel(await model.toFiles(), { device });
    expect(await weightBits(loaded)).toEqual(await weightBits(model));
    expect(loaded.trainingState).toMatchObject({ iteration: 1, batch: 1, epoch: 0 });
    await expect(loaded.fit(rows, { resume: true })).rejects.toThrow("at step 2 ");
    await model.setWeights(before);
    model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
    const { history } = await model.fit(rows, { batchSize: 8 });
    expect(history.loss?.[0]).toBeLessThan(1);
  });
});

describe("one thing at a time", () => {
  test("fit while fit, compile while fit", async () => {
    using model = smallModel(device);
    const running = model.fit(data, { epochs: 2 });
    await expect(model.fit(data)).rejects.toThrow(/busy with fit; await it first/);
    await expect(model.evaluate(data)).rejects.toThrow(/busy/);
    expect(() => model.compile({ loss: "mse" })).toThrow(/busy/);
    await expect(running).resolves.toBeDefined();
    await expect(model.evaluate(data)).resolves.toMatchObject({
      loss: expect.any(Number),
      accuracy: expect.any(Number),
    });
  });

  test("dispose in fit stops it and frees everything", async () => {
    const start = device.memory.bytes;
    const model = smallModel(device);
    const running = model.fit(data, { epochs: 5, batchSize: 4, onProgress: () => model.dispose() });
    await expect(running).rejects.toThrow(DisposedError);
    expect(device.memory.bytes).toBe(start);
    await expect(model.fit(data)).rejects.toThrow(DisposedError);
    await expect(model.predict(data.x)).rejects.toThrow(DisposedError);
    await expect(model.weights()).rejects.toThrow(DisposedError);
    model.dispose();
  });
});
