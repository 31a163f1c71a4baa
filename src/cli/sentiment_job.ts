/** The job of `sluice train`: trains a sentiment classifier. */
import { imdb } from "../data/imdb.ts";
import { sentences } from "../data/sentences.ts";
import { stratifiedLimit } from "../data/split_dataset.ts";
import {
  type Device,
  type DispatchTime,
  loadModel,
  type Model,
  type OperationTime,
  operationTimes,
  type RaggedDataset,
  type ReviewEncoder,
  textClassifier,
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
  /** Finally profile one more step, operation by operation. */
  readonly profile?: boolean;
  /** Draw the curves of loss and accuracy. */
  readonly plot?: boolean;
}

/**
 * The confusion matrix: `confusion.positive.negative` counts the positive examples that were classified as negative.
 */
export type Confusion = Readonly<Record<"negative" | "positive", Readonly<Record<"negative" | "positive", number>>>>;

/** The model's prediction for a text. */
export interface TextPrediction {
  readonly text: string;
  readonly label: "negative" | "positive";
  /** The predicted probability of the class "positive". */
  readonly probability: number;
}

/** The result of a completed training run. */
export interface TrainResult extends JobResult {
  readonly test: { readonly loss: number; readonly accuracy: number };
  readonly confusion: Confusion;
  readonly predictions: readonly TextPrediction[];
  /** The profile of one training step, the longest operation first; only with `profile`. */
  readonly profile?: readonly OperationTime[];
  /** The curves of loss and accuracy, an SVG document; only with `plot`. */
  readonly curves?: string;
}

/** Sentences to classify after training; they are in neither data set. */
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
  const { train, test, encoder, attribution } = await loadData(job, control);
  await control.onEvent({ kind: "data", text: `${attribution}\n${train.size} to train on, ${test.size} to test` });
  const model = job.resume
    ? await loadModel(job.resume, { device })
    : textClassifier({ device, encoder, ...networkOptions(job.options) });
  await reportModel(model, control);
  const options = { epochs, batchSize, validationData: test, resume: job.resume !== undefined };
  const history = await fitWithProgress(model, train, options, control);
  const last = history.epochs.at(-1)?.logs;
  const judged = await model.predict(test.x, { batchSize, signal: control.signal });
  const predictions = await predictTexts(model, encoder, UNSEEN);
  const result = {
    ...(await resultOf(model, history)),
    // The last epoch's validation used the test set and these weights.
    test: { loss: last?.valLoss ?? Number.NaN, accuracy: last?.valAccuracy ?? Number.NaN },
    confusion: confusionOf(judged.data, test.y.data),
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

/** Classifies texts. */
export async function predictTexts(
  model: Model,
  encoder: ReviewEncoder,
  texts: readonly string[],
): Promise<TextPrediction[]> {
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
