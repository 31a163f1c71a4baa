/** The files for TensorBoard, read back by other libraries: tags, folders, steps, resumed runs, killed programs. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  AbortError,
  type Device,
  exponentialDecay,
  FileError,
  f1Score,
  lambdaCallback,
  loadModel,
  reduceLrOnPlateau,
  sgd,
  type TensorBoardOptions,
  tensorBoard,
  ValueError,
} from "../../../src/index.ts";
import { crc32c } from "../../../src/io/crc32c.ts";
import { tfRecord } from "../../../src/io/tf_record.ts";
import { histogramSummary } from "../../../src/nn/callbacks/event_file.ts";
import { testDevice } from "../../support/device.ts";
import { smallData, smallModel } from "../small_model.ts";
import { eventsOf, type ReadEvent, recordsOf } from "./read_events.ts";

let device: Device;
let home: string;
beforeAll(async () => {
  device = await testDevice();
  home = await mkdtemp(join(tmpdir(), "sluice-tensorboard-"));
});
afterAll(() => rm(home, { recursive: true }));
afterEach(() => void vi.unstubAllGlobals());

const data = smallData(22);
const fit = { batchSize: 8, epochs: 2 };

/** The events of a folder's files, in the files' order. */
async function eventsIn(folder: string): Promise<ReadEvent[]> {
  const names = (await readdir(folder)).sort();
  return (await Promise.all(names.map((name) => readFile(join(folder, name))))).flatMap(eventsOf);
}

/** By tag the steps and numbers. */
function scalarsOf(events: readonly ReadEvent[]): Record<string, (readonly [step: number, value: number])[]> {
  const found: Record<string, (readonly [number, number])[]> = {};
  for (const { step, values } of events) {
    for (const { tag, plugin, numbers } of values) {
      if (plugin !== "scalars") continue;
      found[tag] ??= [];
      found[tag].push([step, numbers[0] ?? Number.NaN]);
    }
  }
  return found;
}

test("CRC-32C gives the check value of its definition, and crc-32's on any bytes", async () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  const { default: other } = await import("crc-32/crc32c.js");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32c(bytes) === other.buf(bytes) >>> 0));
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (parts) => {
      const file = Buffer.concat(parts.map(tfRecord));
      expect(recordsOf(file).map((record) => Array.from(record))).toEqual(parts.map((part) => Array.from(part)));
    }),
  );
});

test("each epoch's results are in train and validation, under Keras's tags", async () => {
  using model = smallModel(device, { optimizer: sgd({ learningRate: 0.25 }), metrics: ["accuracy", f1Score()] });
  const logDir = join(home, "epochs/run");
  const before = Date.now() / 1000;
  const { history } = await model.fit(data, { ...fit, validationData: data, callbacks: [tensorBoard({ logDir })] });
  const columns = (name: string, steps: readonly number[] = [0, 1]) =>
    steps.map((step, index) => [step, Math.fround(history[name]?.[index] ?? Number.NaN)]);

  const train = await eventsIn(join(logDir, "train"));
  const tags = scalarsOf(train);
  expect(Object.keys(tags)).toEqual(["epoch_loss", "epoch_accuracy", "epoch_f1_score", "epoch_learning_rate"]);
  expect(tags.epoch_loss).toEqual(columns("loss"));
  expect(tags.epoch_accuracy).toEqual(columns("accuracy"));
  expect(tags.epoch_learning_rate).toEqual([
    [0, 0.25],
    [1, 0.25],
  ]);

  const validation = scalarsOf(await eventsIn(join(logDir, "validation")));
  expect(validation.epoch_loss).toEqual(columns("valLoss"));
  expect(validation.epoch_accuracy).toEqual(columns("valAccuracy"));
  expect(validation.evaluation_loss_vs_iterations).toEqual(columns("valLoss", [3, 6]));
  expect(Object.keys(validation)).toHaveLength(6);

  expect(train[0]).toMatchObject({ version: "brain.Event:2", step: 0, values: [] });
  for (const { seconds } of train) expect(Math.abs(seconds - before)).toBeLessThan(60);
  expect(train[1]?.values[0]).toMatchObject({
    plugin: "scalars",
    dataClass: "DATA_CLASS_SCALAR",
    dtype: "DT_FLOAT",
    shape: [],
  });
  const [name = ""] = await readdir(join(logDir, "train"));
  expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\.sluice\.\d{3}\.[0-9a-f]{8}\.v2$/);
});

test("without validation there is no validation folder; a rate is that of its epoch", async () => {
  using model = smallModel(device, { optimizer: sgd({ learningRate: 1 }) });
  const logDir = join(home, "alone");
  const lower = reduceLrOnPlateau({ monitor: "loss", mode: "max", patience: 1, factor: 0.5 });
  await model.fit(data, { ...fit, epochs: 3, callbacks: [tensorBoard({ logDir }), lower] });
  expect(await readdir(logDir)).toEqual(["train"]);
  const rates = scalarsOf(await eventsIn(join(logDir, "train"))).epoch_learning_rate?.map(([, rate]) => rate);
  expect(rates?.[0]).toBe(1);
  expect(rates?.at(-1)).toBeLessThan(1);
  using scheduled = smallModel(device, {
    optimizer: sgd({ learningRate: exponentialDecay({ initialLearningRate: 1, decaySteps: 3, decayRate: 0.5 }) }),
  });
  const callback = tensorBoard({ inMemory: true });
  await scheduled.fit(data, { ...fit, callbacks: [callback] });
  const [file = new Uint8Array()] = callback.files.values();
  expect(scalarsOf(eventsOf(file)).epoch_learning_rate).toEqual([
    [0, 0.5],
    [1, 0.25],
  ]);
});

describe("updateFreq", () => {
  test.each<[TensorBoardOptions["updateFreq"], readonly number[]]>([
    ["batch", [1, 2, 3, 4, 5, 6]],
    [2, [2, 4, 6]],
    [4, [4]],
    ["epoch", []],
  ])("%s writes the means after these steps", async (updateFreq = "epoch", steps) => {
    using model = smallModel(device);
    const seen: (readonly [number, number])[] = [];
    const watch = lambdaCallback({
      batchLogs: true,
      onBatchEnd: (_b, { loss = Number.NaN }, { iteration }) => void seen.push([iteration, Math.fround(loss)]),
    });
    const callback = tensorBoard({ inMemory: true, logDir: "a", updateFreq });
    await model.fit(data, { ...fit, callbacks: [callback, watch] });
    const [[path = "", file = new Uint8Array()] = []] = callback.files;
    expect(path).toMatch(/^a\/train\/events\.out\.tfevents\./);
    const { batch_loss = [], batch_accuracy = [] } = scalarsOf(eventsOf(file));
    expect(batch_loss).toEqual(seen.filter(([step]) => steps.includes(step)));
    expect(batch_accuracy.map(([step]) => step)).toEqual(steps);
  });

  test("reads back no more than it writes", async () => {
    using model = smallModel(device);
    const readbacks = async (updateFreq: number) => {
      const callbacks = [tensorBoard({ inMemory: true, updateFreq })];
      return (await model.fit(data, { ...fit, epochs: 1, callbacks })).statistics.readbacks;
    };
    expect(await readbacks(100)).toBe(1);
    expect(await readbacks(1)).toBe(3);
  });
});

describe("histogramFreq", () => {
  test("writes each weight's distribution, by its name", async () => {
    using model = smallModel(device);
    const callback = tensorBoard({ inMemory: true, histogramFreq: 2 });
    await model.fit(data, { ...fit, epochs: 3, callbacks: [callback] });
    const [file = new Uint8Array()] = callback.files.values();
    const histograms = eventsOf(file).flatMap(({ step, values }) =>
      values.filter(({ plugin }) => plugin === "histograms").map((value) => ({ ...value, step })),
    );
    const weights = await model.weights();
    expect(histograms.map(({ step, tag }) => [step, tag])).toEqual(
      [0, 2].flatMap((step) => weights.map(({ name }) => [step, `${name}/histogram`])),
    );
    for (const [index, { data: numbers }] of weights.entries()) {
      const { shape, dtype, numbers: buckets = [] } = histograms[weights.length + index] ?? {};
      expect({ shape, dtype }).toEqual({ shape: [30, 3], dtype: "DT_DOUBLE" });
      const count = Array.from({ length: 30 }, (_, row) => buckets[row * 3 + 2] ?? 0).reduce((a, b) => a + b);
      expect(count).toBe(numbers.length);
      expect(buckets[0]).toBe(Math.min(...numbers));
      expect(buckets[29 * 3 + 1]).toBe(Math.max(...numbers));
    }
  });

  test("counts every number in its bucket, as tf.summary.histogram does", () => {
    const bucketsOf = (numbers: readonly number[]) => {
      const [event] = eventsOf(
        tfRecord(
          // An event is its summary in field 5.
          (() => {
            const summary = histogramSummary("x", Float32Array.from(numbers)).finish();
            const inner = Uint8Array.of(0x0a, ...varint(summary.length), ...summary);
            return Uint8Array.of(0x2a, ...varint(inner.length), ...inner);
          })(),
        ),
      );
      const flat = event?.values[0]?.numbers ?? [];
      return Array.from({ length: flat.length / 3 }, (_, row) => flat.slice(row * 3, row * 3 + 3));
    };
    const varint = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);
    const even = bucketsOf(Array.from({ length: 31 }, (_, index) => index));
    expect(even.map(([, , count]) => count)).toEqual([...new Array(29).fill(1), 2]);
    expect(even[3]).toEqual([3, 4, 1]);
    expect(bucketsOf([5, 5]).at(-1)).toEqual([5, 5, 2]);
    expect(bucketsOf([5, 5])[0]).toEqual([5, 5, 0]);
  });
});

test("a resumed run goes on counting, in files of its own, and has what it takes again left out", async () => {
  using model = smallModel(device);
  const logDir = join(home, "resumed");
  const stopping = new AbortController();
  const stop = lambdaCallback({ onBatchEnd: (_b, _logs, { iteration }) => void (iteration === 4 && stopping.abort()) });
  const options = { ...fit, validationData: data };
  const callbacks = () => [tensorBoard({ logDir, updateFreq: "batch" })];
  await expect(
    model.fit(data, { ...options, callbacks: [...callbacks(), stop], signal: stopping.signal }),
  ).rejects.toThrow(AbortError);
  using again = await loadModel(await model.toFiles(), { device });
  await new Promise((resolve) => setTimeout(resolve, 5));
  await again.fit(data, { resume: true, validationData: data, callbacks: callbacks() });
  expect(await readdir(join(logDir, "train"))).toHaveLength(2);
  const events = await eventsIn(join(logDir, "train"));
  const tags = scalarsOf(events);
  expect(tags.batch_loss?.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(tags.epoch_loss?.map(([step]) => step)).toEqual([0, 1]);
  // TensorBoard leaves out what it has read from this step on.
  expect(events.filter(({ status }) => status === "START").map(({ step }) => step)).toEqual([5]);
});

test("steps that are taken again after a loss of the device are marked", async () => {
  using model = smallModel(device);
  const callback = tensorBoard({ inMemory: true, updateFreq: "batch" });
  let isLost = false;
  const lose = lambdaCallback({
    onBatchEnd: (_b, _logs, { iteration }) => {
      if (iteration !== 5 || isLost) return;
      isLost = true;
      device.gpu.destroy();
    },
  });
  const { recoveries } = await model.fit(data, { ...fit, callbacks: [callback, lose] });
  expect(recoveries).toHaveLength(1);
  const [file = new Uint8Array()] = callback.files.values();
  const events = eventsOf(file);
  const steps = events.flatMap(({ step, status, values }) =>
    status === "START" ? [`from ${step}`] : values.some(({ tag }) => tag === "batch_loss") ? [String(step)] : [],
  );
  expect(steps).toEqual(["1", "2", "3", "4", "5", "from 4", "4", "5", "6"]);
});

test("a file that is cut off anywhere holds all records before", async () => {
  using model = smallModel(device);
  const callback = tensorBoard({ inMemory: true, updateFreq: "batch" });
  await model.fit(data, { ...fit, callbacks: [callback] });
  const [file = new Uint8Array()] = callback.files.values();
  const all = recordsOf(file);
  fc.assert(
    fc.property(fc.nat(file.length), (length) => {
      const kept = recordsOf(file.subarray(0, length));
      expect(kept).toEqual(all.slice(0, kept.length));
    }),
  );
});

test("a killed program leaves the results of every step whose hook was done", { timeout: 60_000 }, async () => {
  const logDir = join(home, "killed");
  const program = join(home, "killed.ts");
  const url = (path: string) => new URL(path, import.meta.url).href;
  await writeFile(
    program,
    `const { tensorBoard } = await import(${JSON.stringify(url("../../../src/nn/callbacks/tensor_board.ts"))});
    const callback = tensorBoard({ logDir: ${JSON.stringify(logDir)}, updateFreq: "batch" });
    await callback.onTrainBegin({});
    for (let iteration = 1; ; iteration++) {
      await callback.onBatchEnd(0, { loss: iteration }, { iteration });
      console.log(iteration);
    }`,
  );
  const child = spawn("npx", ["deno", "run", "--quiet", "-A", program], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let told = "";
  child.stdout.on("data", (text) => {
    told += String(text);
    if (told.split("\n").length > 200 && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  await new Promise((resolve) => child.once("close", resolve));
  const last = Number(told.trimEnd().split("\n").at(-2));
  const { batch_loss = [] } = scalarsOf(await eventsIn(join(logDir, "train")));
  expect(batch_loss.length).toBeGreaterThanOrEqual(last);
  expect(batch_loss.every(([step, value], index) => step === index + 1 && value === step)).toBe(true);
});

test("a folder that cannot be written to stops fit with a FileError", async () => {
  using model = smallModel(device);
  await writeFile(join(home, "occupied"), "a file");
  const callbacks = [tensorBoard({ logDir: join(home, "occupied") })];
  await expect(model.fit(data, { ...fit, callbacks })).rejects.toThrow(FileError);
  await model.fit(data, { resume: true });
});

test("a page is told to keep the files in memory", () => {
  vi.stubGlobal("process", undefined);
  expect(() => tensorBoard()).toThrow(ValueError);
  expect(() => tensorBoard()).toThrow(/a page has no folders; set inMemory: true/);
  expect(() => tensorBoard({ inMemory: true })).not.toThrow();
});

test.each([
  ["a folder that is none", { logDir: 5 }, /logDir is 5; expected text/],
  ["no steps", { updateFreq: 0 }, /updateFreq is 0; expected one of epoch, batch, or a whole number of at least 1/],
  ["half an epoch", { histogramFreq: 0.5 }, /histogramFreq is 0.5; expected a whole number of at least 0/],
  ["1 for true", { inMemory: 1 }, /inMemory is 1; expected true or false/],
  ["Keras's spelling", { log_dir: "logs" }, /unknown option "log_dir"; did you mean logDir\?/],
] as const)("%s is refused", (_, options, message) => {
  expect(() => tensorBoard(options as unknown as TensorBoardOptions)).toThrow(ValueError);
  expect(() => tensorBoard(options as unknown as TensorBoardOptions)).toThrow(message);
});
