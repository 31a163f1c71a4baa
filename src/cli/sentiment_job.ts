/** The job of `sluice train`: trains a classifier of texts. */

import { FormatError } from "../core/errors.ts";
import { imdb } from "../data/imdb.ts";
import { sentences } from "../data/sentences.ts";
import { stratifiedLimit } from "../data/split_dataset.ts";
import { readTextTable } from "../data/text_table.ts";
import {
  type ConfusionMatrix,
  confusionMatrix,
  type Device,
  type DispatchTime,
  dataset,
  encodeLabels,
  labelsOf,
  loadModel,
  type Model,
  type OperationTime,
  operationTimes,
  type RaggedDataset,
  ReviewEncoder,
  Tokenizer,
  textClassifier,
  trainTestSplit,
} from "../index.ts";
import { networkOptions, type TrainOptions } from "./train_options.ts";
import {
  fitWithProgress,
  type Job,
  type JobControl,
  type JobResult,
  onDevice,
  reportModel,
  resultOf,
} from "./training_job.ts";

/** The parameters of the job. */
export interface TrainJob extends Job {
  readonly options: TrainOptions;
  /** The path or URL of the review archive, for the data set `imdb`. */
  readonly archive?: string;
  /** The table of texts and labels, for the data set `table`. */
  readonly table?: TableSource;
  /** Profile one more step after training, by operation. */
  readonly profile?: boolean;
  /** Draw the loss and accuracy curves. */
  readonly plot?: boolean;
}

/** A table of texts and labels: its location, and the columns to read. */
export interface TableSource {
  /** The table's path or URL. */
  readonly address: string;
  /** The table's name in messages. */
  readonly name: string;
  readonly textColumn?: string;
  readonly labelColumn?: string;
}

/**
 * The confusion matrix: `confusion.positive.negative` counts the positive examples that were classified as negative.
 */
export type Confusion = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The model's prediction for a text. */
export interface TextPrediction {
  readonly text: string;
  readonly label: string;
  /** The predicted probability of this label. */
  readonly probability: number;
}

/** The result of a completed training run. */
export interface TrainResult extends JobResult {
  readonly test: { readonly loss: number; readonly accuracy: number };
  /** The names of the classes. */
  readonly labels: readonly string[];
  readonly confusion: Confusion;
  /** The confusion matrix as a table. */
  readonly matrix: string;
  readonly predictions: readonly TextPrediction[];
  /** The profile of one training step, the longest operation first; only with `profile`. */
  readonly profile?: readonly OperationTime[];
  /** The curves of loss and accuracy, an SVG document; only with `plot`. */
  readonly curves?: string;
}

/** The classes of the data sets of reviews. */
export const SENTIMENTS = ["negative", "positive"];

/** Sentences to classify after training on reviews; they are in neither data set. */
const UNSEEN = [
  "What a wonderful film, I loved every minute of it.",
  "The worst meal I have had in years, and the waiter was rude.",
  "It works great and the battery lasts for days.",
  "Broke after two days. A waste of money.",
  "I expected so much more from this director.",
] as const;

/** The number of steps to profile; the fastest one counts. */
const PROFILES = 3;

interface JobData {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  /** The names of the classes, in the order of their numbers. */
  readonly labels: readonly string[];
  /** Texts that are not in the training part, to classify after training. */
  readonly unseen: readonly string[];
  readonly attribution: string;
}

/**
 * Trains and evaluates a model, and classifies a few sentences.
 * @returns the result, or undefined if `signal` stopped training; in both cases `onEvent` has received the model to
 * save
 * @throws SluiceError when the data is invalid, there is no adapter, or the loss is not finite
 */
export function runTraining(job: TrainJob, control: JobControl): Promise<TrainResult | undefined> {
  return onDevice(job, control, (device) => trainOn(device, job, control));
}

async function trainOn(device: Device, job: TrainJob, control: JobControl): Promise<TrainResult> {
  const { epochs, batchSize } = job.options;
  const { train, test, encoder, labels, unseen, attribution } = await loadData(job, control);
  await control.onEvent({ kind: "data", text: `${attribution}\n${train.size} to train on, ${test.size} to test` });
  const model = job.resume
    ? await loadModel(job.resume, { device })
    : textClassifier({ device, encoder, labels, ...networkOptions(job.options) });
  await reportModel(model, control);
  const options = { epochs, batchSize, validationData: test, resume: job.resume !== undefined };
  const history = await fitWithProgress(model, train, options, control);
  const last = history.epochs.at(-1)?.logs;
  const judged = await model.predict(test.x, { batchSize, signal: control.signal });
  const matrix = confusionMatrix(test.y, judged, { labels });
  const predictions = await predictTexts(model, unseen);
  const result = {
    ...(await resultOf(model, history)),
    // The last epoch's validation used the test set and these weights.
    test: { loss: last?.valLoss ?? Number.NaN, accuracy: last?.valAccuracy ?? Number.NaN },
    labels,
    confusion: byLabel(matrix),
    matrix: `${matrix}`,
    predictions,
    ...(job.plot === true && { curves: await history.toSvg({ title: `LSTM trained on ${job.options.data}` }) }),
  };
  // Profiling changes the weights, so it comes after everything is saved.
  return job.profile === true ? { ...result, profile: await profileStep(model, train, batchSize) } : result;
}

/** Profiles a few steps and returns the fastest, after a first step that compiles. */
async function profileStep(model: Model, data: RaggedDataset, batchSize: number): Promise<OperationTime[]> {
  using step = await model.trainingStep(data, { batchSize });
  await step.run();
  const total = (times: readonly DispatchTime[]) => times.reduce((sum, { seconds }) => sum + seconds, 0);
  let best = await step.profile();
  for (let more = 1; more < PROFILES; more++) {
    const times = await step.profile();
    if (total(times) < total(best)) best = times;
  }
  return operationTimes(best);
}

async function loadData({ options, archive, table }: TrainJob, { onEvent, signal }: JobControl): Promise<JobData> {
  const { data, numWords, maxLength, limit, seed } = options;
  const ofReviews = { labels: SENTIMENTS, unseen: UNSEEN };
  if (data === "imdb") {
    const loaded = await imdb.load({
      source: archive ?? "",
      numWords,
      maxLength,
      limit,
      signal,
      onProgress: ({ bytes, totalBytes }) => void onEvent({ kind: "loading", bytes, totalBytes }),
    });
    return { ...loaded, ...ofReviews, attribution: "Large Movie Review Dataset, Maas et al., ACL 2011." };
  }
  if (table !== undefined) return readTable(table, options);
  const { train, test, encoder } = await sentences.load({ numWords, maxLength });
  const cut = (part: RaggedDataset) => (limit === undefined ? part : stratifiedLimit(part, limit, seed));
  return { train: cut(train), test: cut(test), encoder, ...ofReviews, attribution: sentences.attribution };
}

/** The fewest texts of a class, so that at least one of them can be held out. */
const FEWEST_OF_CLASS = 3;
/** The most held-out texts that are shown with their predictions. */
const SHOWN = 5;

/**
 * Holds out a fifth of each class; the word index comes from the rest.
 * @throws FormatError when there is only one class, or a class has too few texts.
 */
async function readTable(table: TableSource, options: TrainOptions): Promise<JobData> {
  const { numWords, maxLength, limit, seed } = options;
  const { address, name, textColumn, labelColumn } = table;
  const rows = await readTextTable(address, { name, textColumn, labelColumn });
  const labels = labelsOf(rows.map(({ label }) => label));
  const counts = labels.map((label) => rows.filter((row) => row.label === label).length);
  const rare = labels.find((_, index) => (counts[index] ?? 0) < FEWEST_OF_CLASS);
  if (labels.length < 2 || rare !== undefined) {
    throw new FormatError(
      `${name}: ${rare === undefined ? `all ${rows.length} texts` : "too few texts"} have the label ` +
        `"${rare ?? labels[0]}"; expected two labels or more, and at least ${FEWEST_OF_CLASS} texts of each. If this ` +
        "is not the column that you meant, give --text-column and --label-column",
      { labels, counts },
    );
  }
  const numbers = { shape: [rows.length, 1], data: Int32Array.from(rows, (_, index) => index) };
  const names = rows.map(({ label }) => label);
  const all = dataset(numbers, encodeLabels(names, labels));
  const parts = trainTestSplit(all, { seed });
  const cut = (part: typeof all) => (limit === undefined ? part : stratifiedLimit(part, limit, seed));
  const [train, test] = [cut(parts.train), cut(parts.test)];
  const textsOf = (part: typeof all) => Array.from(part.x.data, (index) => rows[index]?.text ?? "");
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(textsOf(train));
  const encoder = new ReviewEncoder(tokenizer, { numWords, maxLength });
  const encoded = (part: typeof all) => dataset(encoder.encode(textsOf(part)), part.y);
  return {
    ...{ train: encoded(train), test: encoded(test), encoder, labels },
    unseen: inTurns(labels.map((_, number) => textsOf(test).filter((_text, row) => test.y.data[row] === number))),
    attribution: `${name}: ${rows.length} texts; ${labels.map((label, at) => `${counts[at]} ${label}`).join(", ")}`,
  };
}

/** Interleaves lists: the first element of each, the second of each, and so on, up to a limit. */
function inTurns(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  const turns = Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list[turn] ?? []));
  return turns.flat().slice(0, SHOWN);
}

/** Classifies texts. A model from an earlier version has no class names; its classes are negative and positive. */
export async function predictTexts(model: Model, texts: readonly string[]): Promise<TextPrediction[]> {
  if (model.metadata.labels === undefined) model.metadata = { ...model.metadata, labels: SENTIMENTS };
  const answers = await model.classify(texts);
  return answers.map(({ label, probability }, index) => ({ text: texts[index] ?? "", label, probability }));
}

function byLabel({ labels, counts }: ConfusionMatrix): Confusion {
  const named = <T>(values: readonly T[]) => Object.fromEntries(values.map((value, at) => [labels[at] ?? "", value]));
  return named(counts.map(named));
}
