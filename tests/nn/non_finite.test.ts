/**
 * Steps after which a weight or the optimizer's state is not finite, though loss and gradients were: what is left then.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { trainWordVectors } from "../../src/embed/index.ts";
import type { Variable } from "../../src/graph/operation.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  batchNormalization,
  type Device,
  dense,
  type FitOptions,
  ftrl,
  type Initializer,
  type LearningRateSchedule,
  lambdaCallback,
  learningRateScheduler,
  lion,
  loadModel,
  type Model,
  modelCheckpoint,
  NonFiniteError,
  nadam,
  type Optimizer,
  piecewiseConstantDecay,
  requestDevice,
  rmsprop,
  sequential,
  sgd,
  terminateOnNaN,
  ValueError,
} from "../../src/index.ts";
import { variablesOf } from "../../src/runtime/run/variables.ts";
import { testDevice } from "../support/device.ts";
import { weightBits } from "./small_model.ts";

const device = await testDevice();
const directory = await mkdtemp(join(tmpdir(), "sluice-non-finite-"));
afterAll(() => rm(directory, { recursive: true }));

const ROWS = 4;
/** Of such inputs the loss is 1e20 and the gradient 2e20: both finite, but not the gradient's square. */
const LARGE = Array.from({ length: ROWS }, () => [1e10]);
const SMALL = Array.from({ length: ROWS }, (_, row) => [(row - 1.5) / 2]);
const ZEROS = Array.from({ length: ROWS }, () => [0]);
const STEPS: FitOptions = { batchSize: 1, shuffle: false };

function line(optimizer: Optimizer): Model {
  const model = sequential([dense({ units: 1, useBias: false, kernelInitializer: "ones" })], {
    device,
    inputShape: [1],
  });
  model.compile({ optimizer, loss: "mse" });
  return model;
}

const failure = async (work: Promise<unknown>): Promise<NonFiniteError> => {
  const error: unknown = await work.then(
    () => "no error",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NonFiniteError);
  return error as NonFiniteError;
};

/** Each breaks in its first step on LARGE: a weight, or what it keeps beside it. */
const BROKEN: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => sgd({ learningRate: 3e37 }),
  "sgd with momentum": () => sgd({ learningRate: 3e37, momentum: 0.9 }),
  adam: () => adam(),
  "adam with amsgrad": () => adam({ amsgrad: true }),
  "adam with useEma": () => adam({ learningRate: 3e38, useEma: true }),
  adamW: () => adamW(),
  adamax: () => adamax({ learningRate: 3e37 }),
  nadam: () => nadam(),
  rmsprop: () => rmsprop(),
  "rmsprop, centered": () => rmsprop({ centered: true, momentum: 0.9 }),
  adagrad: () => adagrad(),
  adadelta: () => adadelta(),
  lion: () => lion({ learningRate: 3e38, weightDecay: 1 }),
  ftrl: () => ftrl(),
};

describe.each(Object.entries(BROKEN))("%s", (_, make) => {
  test("one step in all: fit rejects, and keeps the weights that it began with", async () => {
    using model = line(make());
    const before = await weightBits(model);
    const error = await failure(model.fit(LARGE, ZEROS, { batchSize: ROWS }));
    expect(error.details).toMatchObject({ step: 1, lastStep: 0 });
    expect(error.message).toMatch(
      /fit: at step 1 of .* "dense.*\/.*" holds .* kept as of step 0, where all were finite/,
    );
    expect(await weightBits(model)).toEqual(before);
    expect(model.trainingState).toMatchObject({ iteration: 0, batch: 0, epoch: 0 });
    using loaded = await loadModel(await model.toFiles(), { device });
    expect(await weightBits(loaded)).toEqual(before);
  });

  test("several steps: whether the next loss tells or the end of the epoch does", async () => {
    using model = line(make());
    const before = await weightBits(model);
    const error = await failure(model.fit(LARGE, ZEROS, STEPS));
    expect(error.details.lastStep).toBe(0);
    expect(await weightBits(model)).toEqual(before);
    await (await loadModel(await model.toFiles(), { device })).dispose();
  });

  test("trainOnBatch rejects at that very step, and nothing has changed", async () => {
    using model = line(make());
    await model.trainOnBatch(SMALL, ZEROS).catch(() => undefined);
    const [before, iteration] = [await model.toFiles(), model.trainingState?.iteration ?? 0];
    const error = await failure(model.trainOnBatch(LARGE, ZEROS));
    expect(error.details).toMatchObject({ step: iteration + 1, lastStep: iteration });
    expect(await model.toFiles()).toEqual(before);
  });
});

describe("fit", () => {
  /** Healthy for an epoch of four steps; step 6 breaks. */
  const wild = (rate = 0.1) => sgd({ learningRate: piecewiseConstantDecay({ boundaries: [4], values: [rate, 3e38] }) });
  const inputs = [...SMALL, ...SMALL].map(([x = 0]) => [x * 100]);
  const targets = [...ZEROS, ...ZEROS];
  const fit: FitOptions = { ...STEPS, epochs: 3, stepsPerEpoch: 4 };

  test("goes back to the last epoch's end, with the state of the training", async () => {
    using twin = line(wild());
    await twin.fit(inputs, targets, { ...fit, epochs: 1 });
    using model = line(wild());
    const error = await failure(model.fit(inputs, targets, fit));
    expect(error.details.lastStep).toBe(4);
    expect(error.message).toMatch(/the model is kept as of step 4/i);
    expect(await weightBits(model)).toEqual(await weightBits(twin));
    expect(model.trainingState).toMatchObject({ iteration: 4, epoch: 1, batch: 0 });
    expect(model.trainingState?.records).toHaveLength(1);
  });

  test("goes back to the last snapshot within an epoch", async () => {
    using model = line(wild());
    const error = await failure(model.fit(inputs, targets, { ...fit, stepsPerEpoch: 8, snapshotSeconds: 0 }));
    expect(error.details).toMatchObject({ step: 6, lastStep: 5 });
    expect(error.message).toMatch(/^fit: at step 6 /);
    expect(model.trainingState).toMatchObject({ iteration: 5, epoch: 0, batch: 5 });
  });

  test("ends in peace with terminateOnNaN, with the weights that are kept", async () => {
    using model = line(wild());
    const ends: string[] = [];
    const watch = lambdaCallback({ onTrainEnd: () => void ends.push("end") });
    await model.fit(inputs, targets, { ...fit, callbacks: [terminateOnNaN(), watch] });
    expect(ends).toEqual(["end"]);
    expect(model.trainingState).toMatchObject({ iteration: 4, epoch: 1 });
    expect((await model.weights()).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  test("goes back too where it is stopped by something else", async () => {
    using model = line(wild());
    const controller = new AbortController();
    const stop = lambdaCallback({ onBatchEnd: (_, __, { iteration }) => void (iteration === 6 && controller.abort()) });
    await expect(model.fit(inputs, targets, { ...fit, signal: controller.signal, callbacks: [stop] })).rejects.toThrow(
      "stopped by its AbortSignal",
    );
    expect(model.trainingState).toMatchObject({ iteration: 4, epoch: 1, batch: 0 });
    expect((await model.weights()).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  test("a callback's save of broken weights is refused: the earlier one is left, and fit goes back", async () => {
    using model = line(wild());
    const path = join(directory, "checkpoint");
    const error = await failure(
      model.fit(inputs, targets, { ...fit, callbacks: [modelCheckpoint({ directory: path, saveFreq: 1 })] }),
    );
    // Of the broken step no save was made; the training itself is kept as of its last snapshot.
    expect(error.details.lastStep).toBe(4);
    using loaded = await loadModel(path, { device });
    expect(loaded.trainingState?.iteration).toBe(5);
  });

  test("a callback cannot write weights that are not finite", async () => {
    using model = line(sgd());
    const before = await weightBits(model);
    const bad = lambdaCallback({
      onTrainBegin: (training) => training.setWeights([{ shape: [1, 1], data: Float32Array.of(Number.NaN) }]),
    });
    await expect(model.fit(SMALL, ZEROS, { callbacks: [bad] })).rejects.toThrow(/not finite/);
    expect(await weightBits(model)).toEqual(before);
  });

  test("does not begin with a weight that is not finite", async () => {
    const nowhere: Initializer = { config: { name: "mine" }, fill: () => Float32Array.of(Number.NaN) };
    using model = sequential([dense({ units: 1, useBias: false, kernelInitializer: nowhere })], {
      device,
      inputShape: [1],
    });
    model.compile({ optimizer: "sgd", loss: "mse" });
    await expect(model.fit(SMALL, ZEROS)).rejects.toThrow(
      /the initializer mine gave "dense.*\/kernel" a number that is not/,
    );
    using other = line(sgd());
    const [weight] = other.weightVariables;
    variablesOf(device).write(weight as Variable, { shape: [1, 1], data: Float32Array.of(Number.NaN) });
    const error = await failure(other.fit(SMALL, ZEROS));
    expect(error.message).toMatch(/^fit: before its first step "dense.*\/kernel" holds a number that is not finite/);
  });

  test("moving statistics go back with the weights", async () => {
    const build = () => {
      const model = sequential([batchNormalization(), dense({ units: 1, useBias: false })], {
        device,
        inputShape: [1],
        seed: 1,
      });
      model.compile({ optimizer: wild(0.001), loss: "mse" });
      return model;
    };
    using twin = build();
    const tens = inputs.map(() => [10]);
    await twin.fit(inputs, tens, { ...fit, batchSize: 2, epochs: 1 });
    using model = build();
    const error = await failure(model.fit(inputs, tens, { ...fit, batchSize: 2 }));
    expect(error.details.lastStep).toBe(4);
    expect(await weightBits(model)).toEqual(await weightBits(twin));
  });
});

test("trainOnBatch goes on after a loss of the device, with weights that are written anew", async () => {
  using other = await requestDevice();
  const build = (on: Device) => {
    const layer = dense({ units: 1, useBias: false, kernelInitializer: "ones" });
    const model = sequential([layer], { device: on, inputShape: [1] });
    model.compile({ optimizer: sgd(), loss: "mse" });
    return model;
  };
  using model = build(other);
  const start = await model.weights();
  await model.trainOnBatch(SMALL, ZEROS);
  other.gpu.destroy();
  await other.gpu.lost;
  await other.reopened();
  await model.setWeights(start);
  await model.trainOnBatch(SMALL, ZEROS);
  using twin = build(device);
  await twin.trainOnBatch(SMALL, ZEROS);
  expect(await weightBits(model)).toEqual(await weightBits(twin));
});

describe("save", () => {
  test("refuses what load would refuse, before it replaces an earlier save", async () => {
    using model = line(adam());
    const path = join(directory, "model");
    await model.fit(SMALL, ZEROS);
    await model.save(path);
    const good = await weightBits(model);
    const variables = [model.namedWeights, model.namedSlots].map((named) => [...named.values()][0] as Variable);
    for (const variable of variables) {
      const { shape } = variable;
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        variablesOf(device).write(variable, { shape, data: Float32Array.of(bad) });
        const error = await failure(model.save(path));
        expect(error.message).toMatch(/^save: "dense.*" holds a number that is not finite/);
        await failure(model.toFiles());
        using loaded = await loadModel(path, { device });
        expect(await weightBits(loaded)).toEqual(good);
      }
      variablesOf(device).write(variable, { shape, data: Float32Array.of(1) });
    }
    await model.save(path);
  });
});

/** Options that float32 cannot hold, or with which a step divides by 0. */
const REFUSED: readonly (readonly [() => unknown, string])[] = [
  ...[sgd, adam, adamW, adamax, nadam, rmsprop, adagrad, adadelta, lion, ftrl].flatMap((make) => [
    [
      () => make({ learningRate: 1e39 }),
      "learningRate is 1e+39, which is infinite in float32; expected a finite",
    ] as const,
    [
      () => make({ learningRate: 1e-46 }),
      "learningRate is 1e-46, which float32 rounds to 0; expected a finite",
    ] as const,
    [() => make({ learningRate: -1 }), "learningRate is -1; expected a finite number "] as const,
    [() => make({ weightDecay: 1e39 }), "weightDecay is 1e+39"] as const,
    [() => make({ clipnorm: 0 }), "clipnorm is 0; expected a finite number above 0"] as const,
    [() => make({ globalClipnorm: 1e-46 }), "globalClipnorm is 1e-46"] as const,
    [() => make({ clipvalue: 1e39 }), "clipvalue is 1e+39"] as const,
  ]),
  ...[adam, adamW, adamax, nadam, rmsprop, adagrad, adadelta].flatMap((make) =>
    [0, 1e-46, 1e39, -1, Number.NaN].map((epsilon) => [() => make({ epsilon }), `epsilon is ${epsilon}`] as const),
  ),
  ...[adam, adamW, adamax, nadam].flatMap((make) => [
    [() => make({ beta1: 1 }), "beta1 is 1; expected 0 ≤ number < 1"] as const,
    [() => make({ beta2: 1e39 }), "beta2 is 1e+39"] as const,
  ]),
  [() => sgd({ momentum: 1.5 }), "sgd: momentum is 1.5; expected a number from 0 to 1"],
  [() => rmsprop({ momentum: -1 }), "rmsprop: momentum is -1"],
  [() => rmsprop({ rho: 2 }), "rmsprop: rho is 2"],
  [() => adadelta({ rho: 2 }), "adadelta: rho is 2"],
  [() => lion({ beta2: 2 }), "lion: beta2 is 2"],
  [() => adagrad({ initialAccumulatorValue: 1e39 }), "initialAccumulatorValue is 1e+39"],
  [() => ftrl({ initialAccumulatorValue: 0 }), "ftrl: initialAccumulatorValue is 0; expected a finite number above 0"],
  [() => ftrl({ initialAccumulatorValue: 1e-46 }), "initialAccumulatorValue is 1e-46"],
  [() => ftrl({ learningRate: 0 }), "ftrl: learningRate is 0; expected a finite number above 0"],
  [() => ftrl({ beta: 1e39 }), "beta is 1e+39"],
  [() => ftrl({ learningRatePower: -1e39 }), "learningRatePower is -1e+39"],
  [
    () => piecewiseConstantDecay({ boundaries: [1], values: [1, 1e39] }),
    "values is [1, 1e+39], where [1] is 1e+39, which is infinite in float32; expected a list, each a finite number ≥ 0",
  ],
  [() => trainWordVectors(["a b"], { device, learningRate: 1e39 }), "learningRate is 1e+39"],
];

describe("constants", () => {
  test.each(REFUSED.map(([make, message]) => [message, make] as const))("%s", async (message, make) => {
    const work = async () => make();
    await expect(work()).rejects.toThrow(ValueError);
    await expect(work()).rejects.toThrow(message);
  });

  test.each<readonly [string, () => Optimizer, string]>([
    [
      "infinite",
      () => sgd({ learningRate: schedule(1e39) }),
      "sgd: learningRate is 1e+39 at step 1 (the schedule mine)",
    ],
    ["negative", () => adam({ learningRate: schedule(-1) }), "adam: learningRate is -1 at step 1"],
    ["NaN", () => lion({ learningRate: schedule(Number.NaN) }), "lion: learningRate is NaN at step 1"],
    ["0 for ftrl", () => ftrl({ learningRate: schedule(0) }), "ftrl: learningRate is 0 at step 1"],
    [
      "too large a step size",
      () => adamax({ learningRate: 3e38, beta1: 0.99 }),
      "adamax: learningRate is 3e+38 at step 1",
    ],
  ])("a schedule's rate that is no rate: %s", async (_, make, message) => {
    using model = line(make());
    const before = await weightBits(model);
    await expect(model.fit(SMALL, ZEROS)).rejects.toThrow(message);
    await expect(model.trainOnBatch(SMALL, ZEROS)).rejects.toThrow(message);
    expect(await weightBits(model)).toEqual(before);
  });

  test("what a callback gives as a rate", async () => {
    using model = line(sgd());
    await expect(model.fit(SMALL, ZEROS, { callbacks: [learningRateScheduler(() => 1e39)] })).rejects.toThrow(
      "learningRateScheduler: the schedule returned 1e+39 for epoch 0; expected a number ≥ 0 that is finite in float32",
    );
    const optimizer = sgd();
    expect(() => {
      optimizer.learningRate = 1e39;
    }).toThrow("sgd: learningRate is 1e+39, which is infinite in float32");
    // A rate that is lowered on and on is no fault.
    optimizer.learningRate = 1e-46;
    expect(optimizer.learningRate).toBe(0);
  });

  test("the limits themselves are taken", () => {
    expect(sgd({ learningRate: 0, momentum: 1, weightDecay: 0, clipnorm: 2 ** -126 }).rates(0)[0]).toBe(0);
    expect(adam({ epsilon: 2 ** -126, beta1: 0, beta2: 0 }).config.epsilon).toBe(2 ** -126);
    expect(sgd({ learningRate: 3.4028234663852886e38 }).learningRate).toBe(3.4028234663852886e38);
  });
});

function schedule(rate: number): LearningRateSchedule {
  return { config: { name: "mine" }, at: () => rate };
}
