/** A batch that goes through the model in micro-batches trains it as the whole batch does, but for rounding. */
import {
  batchNormalization,
  type CompileOptions,
  type Device,
  dense,
  dropout,
  embedding,
  type FitOptions,
  type Layer,
  LimitError,
  lstm,
  type Model,
  requestDevice,
  sequential,
  sgd,
} from "../../src/index.ts";
import { expectClose } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";

const [ROWS, LENGTH, IDS] = [11, 7, 13];
const x = Array.from({ length: ROWS }, (_, row) =>
  Array.from({ length: LENGTH }, (__, t) => (t < row % 4 ? 0 : 1 + ((row * 5 + t * t) % (IDS - 1)))),
);
const y = x.map((row) => [Number(row.reduce((sum, id) => sum + id, 0) % 2)]);
const data = { x, y, sampleWeight: x.map((_, row) => 0.5 + (row % 3)) };

function makeModel(device: Device, extra: readonly Layer[] = [], options: Partial<CompileOptions> = {}): Model {
  const model = sequential(
    [
      embedding({ inputDim: IDS, outputDim: 5, embeddingsRegularizer: { name: "l2", l2: 0.01 } }),
      lstm({ units: 6, activityRegularizer: { name: "l2", l2: 0.02 } }),
      ...extra,
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [LENGTH], seed: 4 },
  );
  model.compile({
    optimizer: sgd({ learningRate: 0.5 }),
    loss: "binaryCrossentropy",
    metrics: ["accuracy"],
    ...options,
  });
  return model;
}

/** A device over the same GPU that binds fewer bytes at once. */
export async function deviceThatBinds({ gpu }: Device, bytes: number): Promise<Device> {
  const device = await requestDevice({ device: gpu });
  const limits = { ...device.traits.limits, maxStorageBufferBindingSize: bytes };
  Object.defineProperty(device, "traits", { value: { ...device.traits, limits } });
  return device;
}

/** Two epochs on 11 rows with batches of 8 and 3: weights, losses and statistics. */
async function train(device: Device, options: FitOptions = {}) {
  using model = makeModel(device);
  const { history, statistics } = await model.fit(data, { batchSize: 8, epochs: 2, validationData: data, ...options });
  return { weights: await model.weights(), history, statistics };
}

function expectEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what} is ${actual}; expected ${expected}`);
}

async function expectLimit(training: Promise<unknown>, words: RegExp): Promise<void> {
  const error: unknown = await training.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof LimitError) || !words.test(error.message)) {
    throw new Error(`expected a LimitError that says ${words}; got ${String(error)}`);
  }
}

function expectAlike(split: Awaited<ReturnType<typeof train>>, whole: Awaited<ReturnType<typeof train>>): void {
  const tolerance = { absolute: 2e-6, relative: 2e-5 };
  for (const [index, weight] of whole.weights.entries()) {
    expectClose(weight.name, split.weights[index] as (typeof split.weights)[number], weight, tolerance);
  }
  for (const [name, values] of Object.entries(whole.history)) {
    const shape = [values.length];
    const array = (list: readonly number[] = []) => ({ shape, data: Float32Array.from(list) });
    expectClose(name, array(split.history[name]), array(values), tolerance);
  }
}

/** Gradient accumulation. */
export const microBatchCases: readonly ConformanceCase[] = [
  {
    name: "micro-batches: microBatchSize trains as whole batches do",
    run: async (device) => {
      const whole = await train(device);
      const split = await train(device, { microBatchSize: 3 });
      expectEqual("microBatchesPerStep of the whole batch", whole.statistics.microBatchesPerStep, 1);
      expectEqual("microBatchesPerStep", split.statistics.microBatchesPerStep, 3);
      expectAlike(split, whole);
    },
  },
  {
    name: "micro-batches: a batch that passes what the device binds is split by itself",
    run: async (device) => {
      // `saved` is [9, 7, 30] floats (a row for the padding too), 7,560 bytes; that of half the rows fits.
      using small = await deviceThatBinds(device, 5120);
      const split = await train(small);
      expectEqual("microBatchesPerStep", split.statistics.microBatchesPerStep, 2);
      expectAlike(split, await train(device));
    },
  },
  {
    name: "micro-batches: each drops its own inputs",
    run: async (device) => {
      // Two equal rows: with one mask for both their sum would be twice one row's gradient.
      const twice = { x: [x[0], x[0]] as number[][], y: [[1], [1]] };
      const kernel = async (microBatchSize: number, rows: typeof twice) => {
        const layers = [dropout({ rate: 0.5, seed: 9 })];
        using model = makeModel(device, layers, { optimizer: sgd({ learningRate: 1 }) });
        await model.fit(rows, { batchSize: 2, microBatchSize });
        return (await model.weights()).at(-2)?.data ?? [];
      };
      const alone = await kernel(1, { x: twice.x.slice(0, 1), y: [[1]] });
      const both = await kernel(1, twice);
      if (alone.every((value, index) => Math.abs(value - (both[index] as number)) < 1e-6)) {
        throw new Error("both micro-batches dropped the same inputs");
      }
    },
  },
  {
    name: "micro-batches: what needs the whole batch, or cannot fit at all, is refused by name and changes nothing",
    run: async (device) => {
      using small = await deviceThatBinds(device, 5120);
      using tiny = await deviceThatBinds(device, 256);
      {
        using model = makeModel(small, [batchNormalization()]);
        const before = await model.weights();
        await expectLimit(
          model.fit(data, { batchSize: 8 }),
          /maxStorageBufferBindingSize.*cannot be split.*moving_mean/s,
        );
        const after = await model.weights();
        for (const [index, { name, data: weights }] of before.entries()) {
          if (weights.some((value, at) => value !== after[index]?.data[at])) throw new Error(`${name} has changed`);
        }
        await model.fit(data, { batchSize: 4 });
      }
      using model = makeModel(tiny);
      await expectLimit(model.fit(data, { batchSize: 8 }), /binds at most 256 B/);
    },
  },
];
