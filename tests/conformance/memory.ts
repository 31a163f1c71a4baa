/** What `memory` says beforehand against what the device then holds. */
import {
  batchNormalization,
  bidirectional,
  concatenate,
  conv1d,
  type DataLike,
  type Device,
  dense,
  dropout,
  embedding,
  type FitOptions,
  model as functional,
  globalAveragePooling1d,
  gru,
  input,
  layerNormalization,
  lstm,
  type Model,
  multiHeadAttention,
  OutOfMemoryError,
  requestDevice,
  sequential,
  simpleRnn,
} from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";
import { deviceThatBinds } from "./micro_batches.ts";
import { watchSubmits } from "./watch_submits.ts";

const [ROWS, LENGTH, IDS] = [22, 12, 30];
const ids = Array.from({ length: ROWS }, (_, row) =>
  Array.from({ length: LENGTH }, (__, t) => (row * 5 + t * 3) % IDS),
);
const vectors = ids.map((row) => row.map((id) => [id / IDS, 1 - id / IDS, 0.5]));
const labels = ids.map((_, row) => [row % 2]);
const classes = ids.map((_, row) => row % 3);
const ragged = {
  kind: "ragged" as const,
  ids: Int32Array.from({ length: 100 }, (_, at) => at % IDS),
  offsets: Int32Array.from({ length: ROWS + 1 }, (_, row) => Math.min(100, row * 7)),
  length: LENGTH,
  padding: "pre" as const,
};

interface MemoryCase {
  readonly name: string;
  readonly build: (device: Device) => Model;
  readonly data: DataLike & { readonly x: unknown };
  readonly options?: Pick<FitOptions, "batchSize" | "microBatchSize" | "validationSplit">;
}

const compile = (model: Model, loss = "binaryCrossentropy", metrics: readonly "accuracy"[] = ["accuracy"]): Model => {
  model.compile({ optimizer: "adam", loss: loss as "binaryCrossentropy", metrics });
  return model;
};

const row = (device: Device, layers: Parameters<typeof sequential>[0], inputShape: number[]): Model =>
  sequential(layers, { device, inputShape, seed: 1 });

const out = () => dense({ units: 1, activation: "sigmoid" });
const words = () => embedding({ inputDim: IDS, outputDim: 8 });

const CASES: readonly MemoryCase[] = [
  {
    name: "dense layers, one batch",
    build: (device) => compile(row(device, [dense({ units: 16, activation: "relu" }), out()], [LENGTH, 3])),
    data: { x: vectors, y: vectors.map((steps) => steps.map(() => [1])) },
  },
  {
    name: "Embedding, LSTM and Dense on ragged rows",
    build: (device) => compile(row(device, [words(), dropout({ rate: 0.2 }), lstm({ units: 10 }), out()], [LENGTH])),
    data: { x: ragged, y: labels },
    options: { batchSize: 8, validationSplit: 0.25 },
  },
  {
    name: "the same in micro-batches",
    build: (device) => compile(row(device, [words(), lstm({ units: 10 }), out()], [LENGTH])),
    data: { x: ids, y: labels },
    options: { batchSize: 16, microBatchSize: 4 },
  },
  {
    name: "stacked LSTMs, Adagrad, weighted samples",
    build: (device) => {
      const model = row(
        device,
        [words(), lstm({ units: 6, returnSequences: true }), lstm({ units: 4 }), out()],
        [LENGTH],
      );
      model.compile({ optimizer: "adagrad", loss: "mse", weightedMetrics: ["mae"] });
      return model;
    },
    data: { x: ids, y: labels, sampleWeight: ids.map((_, at) => 1 + (at % 2)) },
    options: { batchSize: 5 },
  },
  {
    name: "a GRU in both directions",
    build: (device) => compile(row(device, [words(), bidirectional({ layer: gru({ units: 5 }) }), out()], [LENGTH])),
    data: { x: ids, y: labels },
    options: { batchSize: 11 },
  },
  {
    name: "a simple recurrent layer, frozen words",
    build: (device) => {
      const table = words();
      table.trainable = false;
      return compile(row(device, [table, simpleRnn({ units: 7 }), out()], [LENGTH]));
    },
    data: { x: ids, y: labels },
    options: { batchSize: 9 },
  },
  {
    name: "a convolution with batch normalisation",
    build: (device) => {
      const layers = [conv1d({ filters: 6, kernelSize: 3 }), batchNormalization(), globalAveragePooling1d(), out()];
      return compile(row(device, layers, [LENGTH, 3]));
    },
    data: { x: vectors, y: labels },
    options: { batchSize: 8 },
  },
  {
    name: "three classes, SGD",
    build: (device) => {
      const layers = [
        words(),
        globalAveragePooling1d(),
        layerNormalization(),
        dense({ units: 3, activation: "softmax" }),
      ];
      const model = row(device, layers, [LENGTH]);
      model.compile({ optimizer: "sgd", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
      return model;
    },
    data: { x: ids, y: classes },
    options: { batchSize: 22 },
  },
  {
    name: "attention",
    build: (device) => {
      const x = input({ shape: [LENGTH, 3] });
      const seen = multiHeadAttention({ numHeads: 2, keyDim: 4 }).call([x, x]);
      const y = out().call(globalAveragePooling1d().call(seen));
      return compile(functional({ inputs: [x], outputs: [y], device, seed: 2 }) as Model);
    },
    data: { x: vectors, y: labels },
    options: { batchSize: 6 },
  },
  {
    name: "two inputs, two outputs",
    build: (device) => {
      const [a, b] = [input({ shape: [LENGTH], name: "a" }), input({ shape: [LENGTH, 3], name: "b" })];
      const both = concatenate().call([lstm({ units: 4 }).call(words().call(a)), gru({ units: 3 }).call(b)]);
      const y = dense({ units: 1, name: "y" }).call(both);
      const z = dense({ units: 2, name: "z" }).call(both);
      const model = functional({ inputs: [a, b], outputs: [y, z], device, seed: 3 });
      model.compile({ optimizer: "rmsprop", loss: "mse" });
      return model as unknown as Model;
    },
    data: {
      x: { a: ids, b: vectors },
      y: { y: labels, z: labels.map(([l]) => [l, 1]) },
    } as unknown as MemoryCase["data"],
    options: { batchSize: 7 },
  },
];

/** The most bytes that the device held beyond those of before, at any submit of the work. */
async function bytesDuring(device: Device, before: number, work: () => Promise<unknown>): Promise<number> {
  let most = 0;
  const end = watchSubmits(device, () => {
    most = Math.max(most, device.memory.bytes - before);
  });
  try {
    await work();
  } finally {
    end();
  }
  return most;
}

function expectSame(what: string, said: number | undefined, came: number): void {
  if (said !== came) throw new Error(`${what}: memory() said ${said} bytes; the device then held ${came}`);
}

async function agrees(device: Device, { build, data, options = {} }: MemoryCase): Promise<void> {
  const before = device.memory.bytes;
  const { batchSize = 32 } = options;
  using model = build(device);
  const said = await model.memory({ ...options, data });
  if (device.memory.bytes !== before) throw new Error("memory() has made buffers");
  const held = (work: () => Promise<unknown>) => bytesDuring(device, before, work);
  expectSame("predict", said.prediction.bytes, await held(() => model.predict(data.x as number[][], { batchSize })));
  // It keeps its programs.
  const programs = said.prediction.bytes - said.prediction.weights;
  const training = await held(() => model.fit(data, options));
  expectSame("fit", said.training?.bytes, training - programs);
  const again = await model.memory({ ...options, data });
  expectSame("fit, said afterwards", again.training?.bytes, training - programs);
  const evaluation = await held(() => model.evaluate(data, { batchSize }));
  // After fit the optimizer's state stays.
  expectSame("evaluate", said.evaluation?.bytes, evaluation - programs - (said.training?.optimizer ?? 0));
  if (!said.toString().includes(`batches of ${batchSize}`)) throw new Error(`no table: ${said}`);
}

/** With what `largestBatchSize` says a training fits the limit, and with clearly more it does not go whole. */
async function suggests(device: Device): Promise<void> {
  using small = await requestDevice({ device: device.gpu, memoryLimit: 200_000 });
  const build = (on: Device) => compile(row(on, [words(), lstm({ units: 10 }), out()], [LENGTH]));
  using model = build(small);
  const { largestBatchSize: rows, fits } = await model.memory({ batchSize: 8 });
  if (!fits || rows < 8) throw new Error(`batches of 8 fit: ${fits}, largest ${rows}`);
  const x = Array.from({ length: 2 * rows }, (_, at) => ids[at % ROWS] as number[]);
  const y = x.map((_, at) => [at % 2]);
  const partsOf = async (batchSize: number) => {
    const part = { x: x.slice(0, batchSize), y: y.slice(0, batchSize) };
    return (await model.fit(part, { batchSize })).statistics.microBatchesPerStep;
  };
  const whole = await partsOf(rows);
  const more = await partsOf(Math.ceil(rows * 1.15)).catch((error) => (error instanceof OutOfMemoryError ? 2 : error));
  if (whole !== 1 || !(more >= 2)) throw new Error(`${rows} rows went in ${whole} micro-batches, 15% more in ${more}`);
}

/** A training that no cutting helps says how many rows would do, and they do. */
async function saysWhatFits(device: Device): Promise<void> {
  using small = await deviceThatBinds(device, 5120);
  using model = compile(row(small, [words(), lstm({ units: 10 }), batchNormalization(), out()], [LENGTH]));
  const error: unknown = await model.fit({ x: ids, y: labels }, { batchSize: 22 }).catch((reason) => reason);
  const fits = /a batch of (\d+) fits/.exec(String(error))?.[1];
  if (fits === undefined) throw new Error(`expected an error that says what fits; got ${String(error)}`);
  await model.fit({ x: ids, y: labels }, { batchSize: Number(fits) });
  using full = await requestDevice({ device: device.gpu, memoryLimit: 60_000 });
  using asked = compile(row(full, [words(), lstm({ units: 10 }), out()], [LENGTH]));
  const many = Array.from({ length: 4000 }, (_, at) => ids[at % ROWS] as number[]);
  const refused: unknown = await asked.predict(many, { batchSize: 4000 }).catch((reason) => reason);
  const most = refused instanceof OutOfMemoryError ? /a batch of (\d+) fits/.exec(refused.message)?.[1] : undefined;
  if (most === undefined) throw new Error(`expected an error that says what fits; got ${String(refused)}`);
  await asked.predict(many, { batchSize: Number(most) });
}

const toCase = (one: MemoryCase): ConformanceCase => ({
  name: `memory: ${one.name}`,
  run: (device) => agrees(device, one),
});

/** All ten models. */
export const manyMemoryCases: readonly ConformanceCase[] = [
  ...CASES.map(toCase),
  { name: "memory: the largest batch that fits", run: suggests },
  { name: "memory: errors say which batch fits", run: saysWhatFits },
];

/** Those that CI tries in every runtime; in Node it tries all. */
export const memoryCases: readonly ConformanceCase[] = CASES.filter((_, at) => [1, 3].includes(at)).map(toCase);
