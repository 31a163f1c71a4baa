/** The model of the tutorial, and how its training is told to the page. */
import {
  adam,
  type Device,
  dense,
  dropout,
  embedding,
  lstm,
  type Model,
  type Progress,
  type ReviewEncoder,
  sequential,
} from "sluice";
import type { Settings } from "../settings.ts";

/** Progress crosses to the page at most so often. */
const REPORT_MILLISECONDS = 100;

/** Loss and accuracy at one step, counted from the start of the training. */
export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Where a training stands. */
export interface StepEvent {
  readonly kind: "step";
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly perSecond: number;
  readonly secondsLeft: number;
  readonly gpuBytes: number;
  /** Means since the last point; nothing when no new reading is there. */
  readonly point: Point | undefined;
}

/** An epoch that has ended, with its means and its score on texts it never trains on. */
export interface EpochEvent {
  readonly kind: "epoch";
  readonly epoch: number;
  readonly seconds: number;
  readonly training: Point;
  readonly heldOut: Point;
}

export function makeModel(device: Device, settings: Settings, encoder: ReviewEncoder): Model {
  const { units, dropout: rate, learningRate, maxLength, seed } = settings;
  const model = sequential(
    [
      embedding({ inputDim: encoder.inputDim, outputDim: settings.embedding }),
      ...(rate > 0 ? [dropout({ rate })] : []),
      lstm({ units }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [maxLength], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  model.encoder = encoder;
  return model;
}

/**
 * Turns the engine's progress into events. It reports means over the epoch so far; the curve is livelier, and falls
 * sooner, with means since the last reading: the difference of the sums.
 */
export function reporter(
  { batchSize, size, device }: { readonly batchSize: number; readonly size: number; readonly device: Device },
  tell: (event: StepEvent | EpochEvent) => void,
): (progress: Progress) => void {
  let reported = Number.NEGATIVE_INFINITY;
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
    tell({
      ...{
        kind: "step",
        epoch,
        epochs,
        step,
        steps: epochs * batches,
        perSecond: samplesPerSecond,
        secondsLeft,
        point,
      },
      gpuBytes: device.memory.bytes,
    });
    if (ended !== undefined) {
      const { loss = Number.NaN, accuracy = Number.NaN, valLoss = Number.NaN, valAccuracy = Number.NaN } = ended.logs;
      tell({
        ...{ kind: "epoch", epoch: ended.epoch, seconds: ended.seconds },
        training: { step, loss, accuracy },
        heldOut: { step, loss: valLoss, accuracy: valAccuracy },
      });
    }
  };
}
