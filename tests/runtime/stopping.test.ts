/**
 * Every promise that the package gives settles soon after an abort, a disposal or the loss of the device, though the
 * GPU does not answer, or the app's own promise never settles; and what is left can be used.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  functionEmbedder,
  kMeans,
  modelEmbedder,
  readWordVectors,
  trainWordVectors,
  VectorIndex,
} from "../../src/embed/index.ts";
import {
  type DataLike,
  type Device,
  imdb,
  type Model,
  ops,
  program,
  ReviewEncoder,
  requestDevice,
  Tokenizer,
} from "../../src/index.ts";
import { IDS, smallData, smallModel, weightBits } from "../nn/small_model.ts";
import { type HeldGpu, holdableGpu } from "../support/hung_gpu.ts";
import "../support/device.ts";

const data = smallData(12);
const never = () => new Promise<never>(() => undefined);
/** A step that the GPU does not end is waited for two seconds by `fit`. */
const SOON = 4000;

/** A model and an index of its own for each work, which have worked before. */
interface Place {
  readonly device: Device;
  readonly model: Model;
  readonly index: VectorIndex;
}

const directory = await mkdtemp(join(tmpdir(), "stopping-"));
afterAll(() => rm(directory, { recursive: true }));

const vectors = Float32Array.from({ length: 8 * 40 }, (_, at) => Math.sin(at));
const ids = Array.from({ length: 40 }, (_, id) => id);
const texts = Array.from({ length: 60 }, (_, at) => `a fine film ${at % 2 ? "and" : "or"} a dull one, ${at % 7} times`);

async function openDevice(): Promise<{ readonly device: Device; readonly gpu: HeldGpu }> {
  const device = await requestDevice();
  return { device, gpu: holdableGpu(device) };
}

async function openPlace(device: Device): Promise<Place> {
  const model = smallModel(device);
  model.encoder = new ReviewEncoder(Tokenizer.fromCounts(new Map([["fine", 3]]), 1), { numWords: IDS - 4 });
  const index = new VectorIndex(device, { dimension: 8 });
  await index.add(ids, vectors);
  await index.search(vectors.subarray(0, 8), { k: 3 });
  await model.fit(data.x, data.y, { epochs: 1, batchSize: 5, validationSplit: 0.2 });
  return { device, model, index };
}

/** What disposes the owner of the work. */
type Owner = { dispose(): void };

/** Work, with what it waits for: the GPU unless said otherwise. */
interface Work {
  readonly name: string;
  /** True where a promise of the app's hangs instead of the GPU. */
  readonly isApps?: boolean;
  readonly takesSignal?: boolean;
  start(place: Place, signal: AbortSignal | undefined): { readonly owner?: Owner; readonly end: Promise<unknown> };
}

const fit = { epochs: 3, batchSize: 5 };
const withSignal = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

async function* stalledBatches(): AsyncGenerator<DataLike> {
  yield { x: data.x.slice(0, 5), y: data.y.slice(0, 5) };
  await never();
}

const HOOKS = ["onTrainBegin", "onEpochBegin", "onBatchBegin", "onBatchEnd", "onEpochEnd", "onTrainEnd"] as const;

const WORKS: readonly Work[] = [
  {
    name: "fit",
    takesSignal: true,
    start: ({ model }, signal) => ({ owner: model, end: model.fit(data.x, data.y, { ...fit, ...withSignal(signal) }) }),
  },
  {
    name: "fit with validation, and a snapshot after each step",
    takesSignal: true,
    start: ({ model }, signal) => ({
      owner: model,
      end: model.fit(data.x, data.y, { ...fit, validationSplit: 0.2, snapshotSeconds: 0, ...withSignal(signal) }),
    }),
  },
  {
    name: "fit, onProgress",
    isApps: true,
    takesSignal: true,
    start: ({ model }, signal) => ({
      owner: model,
      end: model.fit(data.x, data.y, { ...fit, onProgress: never, ...withSignal(signal) }),
    }),
  },
  ...HOOKS.map(
    (hook): Work => ({
      name: `fit, ${hook} of a callback`,
      isApps: true,
      takesSignal: true,
      start: ({ model }, signal) => ({
        owner: model,
        end: model.fit(data.x, data.y, { ...fit, epochs: 1, callbacks: [{ [hook]: never }], ...withSignal(signal) }),
      }),
    }),
  ),
  {
    name: "fit on a stream",
    isApps: true,
    takesSignal: true,
    start: ({ model }, signal) => ({
      owner: model,
      end: model.fit(stalledBatches, { epochs: 2, ...withSignal(signal) }),
    }),
  },
  {
    name: "evaluate",
    takesSignal: true,
    start: ({ model }, signal) => ({ owner: model, end: model.evaluate(data.x, data.y, withSignal(signal)) }),
  },
  {
    name: "evaluate on a stream",
    isApps: true,
    takesSignal: true,
    start: ({ model }, signal) => ({ owner: model, end: model.evaluate(stalledBatches, withSignal(signal)) }),
  },
  {
    name: "predict",
    takesSignal: true,
    start: ({ model }, signal) => ({
      owner: model,
      end: model.predict(data.x, { batchSize: 5, ...withSignal(signal) }),
    }),
  },
  { name: "predictOnBatch", start: ({ model }) => ({ owner: model, end: model.predictOnBatch(data.x) }) },
  { name: "trainOnBatch", start: ({ model }) => ({ owner: model, end: model.trainOnBatch(data.x, data.y) }) },
  { name: "testOnBatch", start: ({ model }) => ({ owner: model, end: model.testOnBatch(data.x, data.y) }) },
  { name: "weights", start: ({ model }) => ({ owner: model, end: model.weights() }) },
  { name: "toFiles", start: ({ model }) => ({ owner: model, end: model.toFiles() }) },
  { name: "save", start: ({ model }) => ({ owner: model, end: model.save(join(directory, "model")) }) },
  { name: "trace", start: ({ model }) => ({ owner: model, end: model.trace(data.x) }) },
  { name: "gradients", start: ({ model }) => ({ owner: model, end: model.gradients(data.x) }) },
  {
    name: "a program",
    start: ({ device }) => ({ end: program(device, (a, b) => ops.matmul(a, b))([[1, 2]], [[3], [4]]) }),
  },
  {
    name: "VectorIndex.add",
    start: ({ index }) => ({ owner: index, end: index.add("one more", vectors.subarray(0, 8)) }),
  },
  {
    name: "VectorIndex.search",
    start: ({ index }) => ({ owner: index, end: index.search(vectors.subarray(8, 16), { k: 3 }) }),
  },
  { name: "VectorIndex.save", start: ({ index }) => ({ owner: index, end: index.save(join(directory, "index")) }) },
  { name: "kMeans", start: ({ device }) => ({ end: kMeans(device, vectors, { dimension: 8, k: 3 }) }) },
  {
    name: "embed",
    takesSignal: true,
    start: ({ model }, signal) => {
      const owner = modelEmbedder(model);
      return { owner, end: owner.embed(texts.slice(0, 4), withSignal(signal)) };
    },
  },
  {
    name: "embed by a function",
    isApps: true,
    takesSignal: true,
    start: (_, signal) => {
      const owner = functionEmbedder(never);
      return { owner, end: owner.embed(texts.slice(0, 4), withSignal(signal)) };
    },
  },
  {
    name: "trainWordVectors",
    takesSignal: true,
    start: ({ device }, signal) => ({
      end: trainWordVectors(texts, { device, sample: 0, vectorSize: 4, snapshotSeconds: 0, ...withSignal(signal) }),
    }),
  },
  {
    name: "trainWordVectors, onProgress",
    isApps: true,
    takesSignal: true,
    start: ({ device }, signal) => ({
      end: trainWordVectors(texts, { device, sample: 0, vectorSize: 4, onProgress: never, ...withSignal(signal) }),
    }),
  },
];

/** How the work is stopped, and how it may then end. */
const STOPS = {
  abort: { expected: ["AbortError"], applies: ({ takesSignal }: Work) => takesSignal === true },
  dispose: { expected: ["DisposedError"], applies: ({ name }: Work) => !/^(a program|kMeans|trainW)/.test(name) },
  "dispose of the device": {
    expected: ["DisposedError"],
    applies: ({ name }: Work) => name !== "embed by a function",
  },
  // Work that the GPU leaves hanging goes on by itself on the next device, or says why it cannot.
  "loss of the device": { expected: ["DeviceLostError"], applies: ({ isApps }: Work) => isApps !== true },
} satisfies Record<string, { readonly expected: readonly string[]; applies(work: Work): boolean }>;

/** The work's end: its error's name, or "done". */
const endOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );

const pause = (milliseconds: number) => new Promise<string>((resolve) => setTimeout(resolve, milliseconds, "pending"));

/** Starts all works on one device, stops them, and gives those that did not settle as they should. */
async function stopAll(works: readonly Work[], stop: keyof typeof STOPS): Promise<string[]> {
  const { device, gpu } = await openDevice();
  const places = await Promise.all(works.map(() => openPlace(device)));
  const controller = new AbortController();
  gpu.hold();
  const started = works.map((work, at) => work.start(places[at] as Place, controller.signal));
  const ends = started.map(({ end }) => endOf(end));
  await pause(1000);
  if (stop === "abort") controller.abort();
  else if (stop === "dispose") for (const { owner } of started) owner?.dispose();
  else if (stop === "dispose of the device") device.dispose();
  else device.gpu.destroy();
  // On the next device everything is compiled again.
  const soon = pause(stop === "loss of the device" ? 10 * SOON : SOON);
  const names = await Promise.all(ends.map((end) => Promise.race([end, soon])));
  const wrong = works.flatMap(({ name }, at) => {
    const end = names[at] ?? "";
    return [...STOPS[stop].expected, "done"].includes(end) ? [] : [`${name}: ${end}`];
  });
  gpu.release();
  if (stop === "dispose of the device") return wrong;
  for (const [at, { name }] of works.entries()) {
    const { model } = places[at] as Place;
    const isLost = stop === "loss of the device" && name === "trainOnBatch";
    if (model.disposal.aborted || isLost) continue;
    const end = await endOf(model.fit(data.x, data.y, { epochs: 1, batchSize: 5 }).then(() => model.predict(data.x)));
    if (end !== "done") wrong.push(`${name}: afterwards ${end}`);
  }
  device.dispose();
  expect(device.memory.buffers).toBe(0);
  return wrong;
}

test.each(Object.keys(STOPS) as (keyof typeof STOPS)[])(
  "after %s all settle soon",
  { timeout: 60_000 },
  async (stop) => {
    const works = WORKS.filter(STOPS[stop].applies);
    expect(works.length).toBeGreaterThan(10);
    expect(await stopAll(works, stop)).toEqual([]);
  },
);

test("a fit that is aborted while the GPU does not answer goes on to the same end", { timeout: 20_000 }, async () => {
  const { device, gpu } = await openDevice();
  const { model } = await openPlace(device);
  using twin = smallModel(device);
  await twin.fit(data.x, data.y, { epochs: 1, batchSize: 5, validationSplit: 0.2 });
  await twin.fit(data.x, data.y, fit);
  const controller = new AbortController();
  let steps = 0;
  const onProgress = () => {
    if (++steps !== 5) return;
    gpu.hold();
    setTimeout(() => controller.abort(), 50);
  };
  const { signal } = controller;
  await expect(model.fit(data.x, data.y, { ...fit, onProgress, signal })).rejects.toThrow("AbortSignal");
  expect(steps).toBeLessThan(9);
  gpu.release();
  await model.fit(data.x, data.y, { resume: true });
  expect(await weightBits(model)).toEqual(await weightBits(twin));
  device.dispose();
});

describe("a source that stalls is left at an abort", () => {
  const stalled = () => new ReadableStream<Uint8Array>({ pull: never, cancel: never });
  test.each([
    ["imdb.load", (signal: AbortSignal) => imdb.load({ source: stalled(), signal })],
    ["readWordVectors", (signal: AbortSignal) => readWordVectors(stalled(), { signal })],
  ])("%s", async (_, read) => {
    const controller = new AbortController();
    const ended = endOf(read(controller.signal));
    expect(await Promise.race([ended, pause(50)])).toBe("pending");
    controller.abort();
    expect(await Promise.race([ended, pause(1000)])).toBe("AbortError");
  });
});

test("a tuning store that does not answer is left out", { timeout: 30_000 }, async () => {
  using device = await requestDevice({ tune: { store: { read: never, write: never }, seconds: 0 } });
  using model = smallModel(device);
  expect(await model.predict(data.x)).toHaveProperty("shape", [12, 1]);
});

test("an app that never answers onDeviceLost keeps no one waiting after dispose", async () => {
  const device = await requestDevice({ onDeviceLost: never });
  const model = smallModel(device);
  device.gpu.destroy();
  await device.gpu.lost;
  const controller = new AbortController();
  const ended = endOf(model.fit(data.x, data.y, { ...fit, signal: controller.signal }));
  expect(await Promise.race([ended, pause(50)])).toBe("pending");
  controller.abort();
  expect(await Promise.race([ended, pause(SOON)])).toBe("AbortError");
  const predicted = endOf(model.predict(data.x));
  device.dispose();
  expect(await Promise.race([predicted, pause(SOON)])).toBe("DisposedError");
});
