/** The worker: loads the data, trains, and judges, so that the page stays responsive. */
import {
  AbortError,
  adam,
  type Device,
  DeviceError,
  DeviceLostError,
  dense,
  embedding,
  lstm,
  type Model,
  NonFiniteError,
  type Progress,
  requestDevice,
  sequential,
  stratifiedLimit,
} from "sluice";
import { sentences } from "sluice/sentences";
import { judge } from "./judge.ts";
import type { FailureCause, FromWorker, Point, Settings, ToWorker } from "./protocol.ts";

type Data = Awaited<ReturnType<typeof sentences.load>>;

const NUM_WORDS = 2000;
const MAX_LENGTH = 40;
/** Progress crosses to the page at most so often. */
const REPORT_MILLISECONDS = 100;
/** Held-out sentences of this length make good examples. */
const EXAMPLE_CHARACTERS = [30, 80] as const;

let device: Device;
let data: Data;
let model: Model | undefined;
let stop = new AbortController();
let wanted: string | undefined;
let isJudging = false;

function tell(message: FromWorker): void {
  self.postMessage(message);
}

function causeOf(error: unknown): FailureCause {
  if (error instanceof DeviceLostError) return "gpuLost";
  if (error instanceof DeviceError) return "noGpu";
  return error instanceof NonFiniteError ? "notFinite" : "other";
}

function fail(during: "open" | "train" | "judge", error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  tell({ kind: "failed", during, cause: causeOf(error), message });
}

function makeModel({ embedding: outputDim, units, learningRate, seed }: Settings): Model {
  const made = sequential(
    [embedding({ inputDim: NUM_WORDS, outputDim }), lstm({ units }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [MAX_LENGTH], seed },
  );
  made.compile({ optimizer: adam({ learningRate }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  return made;
}

async function open(settings: Settings): Promise<void> {
  device = await requestDevice({ powerPreference: "high-performance" });
  void device.lost.then((error) => fail("open", error));
  data = await sentences.load({ numWords: NUM_WORDS, maxLength: MAX_LENGTH });
  model = makeModel(settings);
  const [least, most] = EXAMPLE_CHARACTERS;
  tell({
    kind: "opened",
    adapter: device.adapter,
    summary: model.summary(),
    sentences: { train: data.train.size, test: data.test.size },
    attribution: sentences.attribution,
    examples: data.texts.test.filter(({ length }) => length >= least && length <= most).slice(0, 40),
  });
}

async function train(settings: Settings): Promise<void> {
  stop = new AbortController();
  model?.dispose();
  model = makeModel(settings);
  const { limit, epochs, batchSize, seed } = settings;
  const isLimited = limit > 0 && limit < data.train.size;
  const training = isLimited ? stratifiedLimit(data.train, Math.max(2, limit), seed) : data.train;
  tell({ kind: "started", summary: model.summary(), sentences: training.size });
  const began = performance.now();
  await model.fit(training, {
    epochs,
    batchSize,
    validationData: data.test,
    signal: stop.signal,
    onProgress: reporter(batchSize, training.size),
  });
  const { loss = Number.NaN, accuracy = Number.NaN } = await model.evaluate(data.test, { signal: stop.signal });
  tell({ kind: "done", loss, accuracy, seconds: (performance.now() - began) / 1000 });
}

/**
 * Turns the engine's progress into messages. It reports means over the epoch so far; the curve is livelier, and falls
 * sooner, with means since the last reading: the difference of the sums.
 */
function reporter(batchSize: number, size: number): (progress: Progress) => void {
  let reported = 0;
  let last = { epoch: 0, samples: 0, loss: 0, accuracy: 0 };
  let lastLogs: Progress["logs"] | undefined;
  return ({ epoch, epochs, batch, batches, logs, samplesPerSecond, secondsLeft, ended }) => {
    const hasNews = logs !== lastLogs && logs.loss !== undefined;
    const now = performance.now();
    if (!hasNews && !ended && now - reported < REPORT_MILLISECONDS) return;
    reported = now;
    const step = (epoch - 1) * batches + batch;
    let point: Point | undefined;
    if (hasNews) {
      const samples = Math.min(batch * batchSize, size);
      const sums = { epoch, samples, loss: (logs.loss ?? 0) * samples, accuracy: (logs.accuracy ?? 0) * samples };
      const before = last.epoch === epoch ? last : { samples: 0, loss: 0, accuracy: 0 };
      const count = samples - before.samples;
      if (count > 0) {
        point = { step, loss: (sums.loss - before.loss) / count, accuracy: (sums.accuracy - before.accuracy) / count };
      }
      last = sums;
      lastLogs = logs;
    }
    const { valLoss, valAccuracy } = ended?.logs ?? {};
    tell({
      kind: "progress",
      ...{ epoch, epochs, step, steps: epochs * batches, perSecond: samplesPerSecond, secondsLeft },
      ...(point !== undefined && { point }),
      ...(valLoss !== undefined &&
        valAccuracy !== undefined && { heldOut: { step, loss: valLoss, accuracy: valAccuracy } }),
    });
  };
}

/** Judges the newest text that the page asked about; those that came in the meantime are passed over. */
async function judgeWanted(): Promise<void> {
  if (isJudging) return;
  isJudging = true;
  try {
    while (wanted !== undefined && model !== undefined) {
      const text = wanted;
      wanted = undefined;
      const judging = model;
      try {
        const verdict = await judge(judging, data.encoder, text);
        tell({ kind: "verdict", text, ...verdict });
      } catch (error) {
        // A new training puts another model in place of this one: that one is asked instead.
        if (judging === model) throw error;
        wanted ??= text;
      }
    }
  } finally {
    isJudging = false;
  }
}

self.addEventListener("message", ({ data: message }: MessageEvent<ToWorker>) => {
  switch (message.kind) {
    case "open":
      open(message.settings).catch((error: unknown) => fail("open", error));
      break;
    case "train":
      train(message.settings).catch((error: unknown) => {
        if (error instanceof AbortError) tell({ kind: "stopped" });
        else fail("train", error);
      });
      break;
    case "pause":
      model?.pause();
      break;
    case "resume":
      model?.resume();
      break;
    case "stop":
      stop.abort();
      break;
    case "judge":
      wanted = message.text;
      judgeWanted().catch((error: unknown) => fail("judge", error));
      break;
  }
});
