/**
 * The training that `sluice train` runs, the same in Node, Deno and a browser's page: it touches no file and no terminal.
 * What it tells is plain data, so that a page can send it on.
 */
import { AbortError, NonFiniteError } from "../core/errors.ts";
import { imdb } from "../data/imdb.ts";
import { sentences } from "../data/sentences.ts";
import { stratifiedLimit } from "../data/split.ts";
import {
  adam,
  type Device,
  dense,
  dropout,
  type EpochRecord,
  embedding,
  loadModel,
  lstm,
  type Model,
  type ModelFiles,
  type Progress,
  type RaggedDataset,
  type ReviewEncoder,
  requestDevice,
  sequential,
} from "../index.ts";
import { sha256Hex } from "../io/sha256.ts";
import { type RuntimeInfo, thisRuntime } from "./runtime_info.ts";
import type { TrainOptions } from "./train_options.ts";

/** What to train. */
export interface TrainJob {
  readonly options: TrainOptions;
  /** Path or URL of the review archive, where the data is `imdb`. */
  readonly archive?: string;
  /** A saved model whose training goes on. */
  readonly resume?: ModelFiles;
}

/** What a job tells on its way. */
export type JobEvent =
  | { readonly kind: "loading"; readonly bytes: number; readonly totalBytes: number | undefined }
  | { readonly kind: "data"; readonly train: number; readonly test: number; readonly attribution: string }
  | { readonly kind: "model"; readonly adapter: string; readonly runtime: RuntimeInfo; readonly summary: string }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "save"; readonly files: ModelFiles };

/** How a job is watched and stopped. */
export interface JobControl {
  /** A `save` comes when the training ended, stopped or failed; the job waits until it is taken. */
  readonly onEvent: (event: JobEvent) => void | Promise<void>;
  readonly signal: AbortSignal;
}

/** How many examples of each class were taken for which: `confusion.positive.negative` is positives called negative. */
export type Confusion = Readonly<Record<"negative" | "positive", Readonly<Record<"negative" | "positive", number>>>>;

/** The model's word on a text. */
export interface Verdict {
  readonly text: string;
  readonly label: "negative" | "positive";
  /** Of being positive. */
  readonly probability: number;
}

/** What came of a training that ran to its end. */
export interface TrainResult {
  readonly adapter: string;
  readonly runtime: RuntimeInfo;
  readonly epochs: readonly EpochRecord[];
  readonly test: { readonly loss: number; readonly accuracy: number };
  readonly confusion: Confusion;
  readonly verdicts: readonly Verdict[];
  readonly dispatchesPerStep: number;
  readonly extraChunksPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
  /** Of the float32 bytes of all weights, in Keras's order. */
  readonly weightsSha256: string;
}

/** Sentences for a first impression; they are in neither data set. */
const UNSEEN = [
  "What a wonderful film, I loved every minute of it.",
  "The worst meal I have had in years, and the waiter was rude.",
  "It works great and the battery lasts for days.",
  "Broke after two days. A waste of money.",
  "I expected so much more from this director.",
] as const;

interface JobData {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  readonly attribution: string;
}

/**
 * Trains, evaluates and judges.
 * @returns the result, or undefined when `signal` stopped the training; what was learnt was given to `onEvent` in each case.
 * @throws SluiceError for bad data, a missing adapter, a loss that is not finite.
 */
export async function runTraining(job: TrainJob, control: JobControl): Promise<TrainResult | undefined> {
  try {
    const device = await requestDevice();
    try {
      return await trainOn(device, job, control);
    } finally {
      device.dispose();
    }
  } catch (error) {
    if (error instanceof AbortError || control.signal.aborted) return undefined;
    throw error;
  }
}

async function trainOn(device: Device, job: TrainJob, control: JobControl): Promise<TrainResult> {
  const { options } = job;
  const { onEvent, signal } = control;
  const data = await loadData(job, control);
  await onEvent({ kind: "data", train: data.train.size, test: data.test.size, attribution: data.attribution });
  const model = job.resume ? await loadModel(job.resume, { device }) : buildModel(device, options, data);
  const runtime = thisRuntime();
  await onEvent({ kind: "model", adapter: device.adapter, runtime, summary: model.summary() });
  const history = await teach(model, data, job, control);
  const last = history.epochs.at(-1)?.logs;
  // The last epoch was validated on the test set with these very weights.
  const test = { loss: last?.valLoss ?? Number.NaN, accuracy: last?.valAccuracy ?? Number.NaN };
  const judged = await model.predict(data.test.x, { batchSize: options.batchSize, signal });
  const { dispatchesPerStep, extraChunksPerStep, submitsPerStep, readbacks, peakGpuBytes } = history.statistics;
  return {
    adapter: device.adapter,
    runtime,
    epochs: history.epochs,
    test,
    confusion: confusionOf(judged.data, data.test.y.data),
    verdicts: await judge(model, data.encoder, UNSEEN),
    ...{ dispatchesPerStep, extraChunksPerStep, submitsPerStep, readbacks, peakGpuBytes },
    weightsSha256: await hashWeights(model),
  };
}

async function loadData({ options, archive }: TrainJob, { onEvent, signal }: JobControl): Promise<JobData> {
  const { data, numWords, maxLength, limit, seed } = options;
  if (data === "imdb") {
    const loaded = await imdb.load({
      source: archive ?? "",
      numWords,
      maxLength,
      limit,
      signal,
      onProgress: ({ bytes, totalBytes }) => void onEvent({ kind: "loading", bytes, totalBytes }),
    });
    return { ...loaded, attribution: "Large Movie Review Dataset, Maas et al., ACL 2011." };
  }
  const { train, test, encoder } = await sentences.load({ numWords, maxLength });
  const cut = (part: RaggedDataset) => (limit === undefined ? part : stratifiedLimit(part, limit, seed));
  return { train: cut(train), test: cut(test), encoder, attribution: sentences.attribution };
}

function buildModel(device: Device, options: TrainOptions, { encoder }: JobData): Model {
  const { units, maxLength, seed, learningRate } = options;
  const model = sequential(
    [
      embedding({ inputDim: encoder.inputDim, outputDim: options.embedding }),
      ...(options.dropout > 0 ? [dropout({ rate: options.dropout })] : []),
      lstm({ units }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [maxLength], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  model.encoder = encoder;
  return model;
}

/** Trains; whatever way it ends, what was learnt is handed over. */
async function teach(model: Model, data: JobData, { options, resume }: TrainJob, { onEvent, signal }: JobControl) {
  const { epochs, batchSize } = options;
  try {
    const history = await model.fit(data.train, {
      epochs,
      batchSize,
      validationData: data.test,
      resume: resume !== undefined,
      signal,
      onProgress: (progress) => onEvent({ kind: "progress", progress }),
    });
    await onEvent({ kind: "save", files: await model.toFiles() });
    return history;
  } catch (error) {
    if (error instanceof AbortError || error instanceof NonFiniteError) {
      await onEvent({ kind: "save", files: await model.toFiles() });
    }
    throw error;
  }
}

/** The model's word on each text. */
export async function judge(model: Model, encoder: ReviewEncoder, texts: readonly string[]): Promise<Verdict[]> {
  const { data } = await model.predict(encoder.encode(texts));
  return texts.map((text, index) => {
    const probability = data[index] ?? Number.NaN;
    return { text, label: probability > 0.5 ? "positive" : "negative", probability };
  });
}

function confusionOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Confusion {
  const confusion = { negative: { negative: 0, positive: 0 }, positive: { negative: 0, positive: 0 } };
  for (let index = 0; index < labels.length; index++) {
    const actual = labels[index] === 1 ? "positive" : "negative";
    confusion[actual][(probabilities[index] as number) > 0.5 ? "positive" : "negative"]++;
  }
  return confusion;
}

async function hashWeights(model: Model): Promise<string> {
  const weights = await model.weights();
  const all = new Float32Array(weights.reduce((sum, { data }) => sum + data.length, 0));
  let offset = 0;
  for (const { data } of weights) {
    all.set(data, offset);
    offset += data.length;
  }
  return sha256Hex(new Uint8Array(all.buffer));
}
