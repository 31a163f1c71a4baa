/** The training that `sluice train` runs: a model that tells kind words from unkind ones. */
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
import type { TrainOptions } from "./train_options.ts";
import { introduce, type Job, type JobControl, type JobResult, onDevice, resultOf, teach } from "./training_job.ts";

/** What to train. */
export interface TrainJob extends Job {
  readonly options: TrainOptions;
  /** Path or URL of the review archive, where the data is `imdb`. */
  readonly archive?: string;
  /** Take the time of every operation of one more step, once all else is done. */
  readonly profile?: boolean;
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
export interface TrainResult extends JobResult {
  readonly test: { readonly loss: number; readonly accuracy: number };
  readonly confusion: Confusion;
  readonly verdicts: readonly Verdict[];
  /** Where one step of training spends its time, the longest first; only if asked for. */
  readonly profile?: readonly OperationTime[];
}

/** Sentences for a first impression; they are in neither data set. */
const UNSEEN = [
  "What a wonderful film, I loved every minute of it.",
  "The worst meal I have had in years, and the waiter was rude.",
  "It works great and the battery lasts for days.",
  "Broke after two days. A waste of money.",
  "I expected so much more from this director.",
] as const;

/** Steps of which the fastest is the profile. */
const PROFILES = 3;

interface JobData {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  readonly attribution: string;
}

/**
 * Trains, evaluates and judges.
 * @returns the result, or undefined when `signal` stopped the training; what was learnt was given to `onEvent` in each
 * case.
 * @throws SluiceError for bad data, a missing adapter, a loss that is not finite.
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
    : textClassifier({ device, encoder, ...job.options });
  await introduce(model, control);
  const options = { epochs, batchSize, validationData: test, resume: job.resume !== undefined };
  const history = await teach(model, train, options, control);
  const last = history.epochs.at(-1)?.logs;
  const judged = await model.predict(test.x, { batchSize, signal: control.signal });
  const verdicts = await judge(model, encoder, UNSEEN);
  const result = {
    ...(await resultOf(model, history)),
    // The last epoch was validated on the test set with these very weights.
    test: { loss: last?.valLoss ?? Number.NaN, accuracy: last?.valAccuracy ?? Number.NaN },
    confusion: confusionOf(judged.data, test.y.data),
    verdicts,
  };
  // A profiled step trains: it comes after everything that is kept.
  return job.profile === true ? { ...result, profile: await profileStep(model, train, batchSize) } : result;
}

/** Profiles the fastest of a few steps, after one that compiles and is not counted. */
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
