/** How a training is told to the page: figures a few times a second, and the points of its curves. */
import type { Device, Progress } from "sluice";

/** Progress crosses to the page at most so often. */
const REPORT_MILLISECONDS = 100;

/** Loss and accuracy at one step, counted from the start of the training. */
export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** All points so far. */
export interface Curves {
  /** Means since the point before. */
  readonly training: readonly Point[];
  /** After each epoch, on texts it never trains on. */
  readonly heldOut: readonly Point[];
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
  /** Nothing when no new reading is there. */
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

interface ReporterParts {
  readonly batchSize: number;
  /** Texts of an epoch. */
  readonly size: number;
  readonly device: Device;
  /** Those of a training that goes on. */
  readonly curves: Curves | undefined;
  readonly tell: (event: StepEvent | EpochEvent) => void;
}

/**
 * Turns the engine's progress into events. It reports means over the epoch so far; the curve is livelier, and falls
 * sooner, with means since the last reading: the difference of the sums.
 */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #training: Point[];
  readonly #heldOut: Point[];
  #reported = Number.NEGATIVE_INFINITY;
  #last = { epoch: 0, samples: 0, loss: 0, accuracy: 0 };
  #lastLogs: Progress["logs"] | undefined;
  /** Steps done, and in all. */
  step = 0;
  steps = 0;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#training = [...(parts.curves?.training ?? [])];
    this.#heldOut = [...(parts.curves?.heldOut ?? [])];
  }

  get curves(): Curves {
    return { training: this.#training, heldOut: this.#heldOut };
  }

  /** For `fit`. */
  readonly onProgress = (progress: Progress): void => {
    const { epoch, epochs, batch, batches, logs, samplesPerSecond, secondsLeft, ended } = progress;
    this.step = (epoch - 1) * batches + batch;
    this.steps = epochs * batches;
    const hasNews = logs !== this.#lastLogs && logs.loss !== undefined;
    const now = performance.now();
    if (!hasNews && !ended && now - this.#reported < REPORT_MILLISECONDS) return;
    this.#reported = now;
    const { step, steps } = this;
    const point = hasNews ? this.#point(progress) : undefined;
    if (point !== undefined) this.#training.push(point);
    this.#parts.tell({
      ...{ kind: "step", epoch, epochs, step, steps, perSecond: samplesPerSecond, secondsLeft, point },
      gpuBytes: this.#parts.device.memory.bytes,
    });
    if (ended === undefined) return;
    const { loss = Number.NaN, accuracy = Number.NaN, valLoss = Number.NaN, valAccuracy = Number.NaN } = ended.logs;
    const heldOut = { step, loss: valLoss, accuracy: valAccuracy };
    this.#heldOut.push(heldOut);
    const { seconds } = ended;
    this.#parts.tell({ kind: "epoch", epoch: ended.epoch, seconds, training: { step, loss, accuracy }, heldOut });
  };

  #point({ epoch, batch, logs }: Progress): Point | undefined {
    const { batchSize, size } = this.#parts;
    const { loss = 0, accuracy = 0 } = logs;
    const samples = Math.min(batch * batchSize, size);
    const sums = { epoch, samples, loss: loss * samples, accuracy: accuracy * samples };
    const before = this.#last.epoch === epoch ? this.#last : { samples: 0, loss: 0, accuracy: 0 };
    const count = samples - before.samples;
    this.#last = sums;
    this.#lastLogs = logs;
    if (count <= 0) return undefined;
    return {
      step: this.step,
      loss: (sums.loss - before.loss) / count,
      accuracy: (sums.accuracy - before.accuracy) / count,
    };
  }
}
