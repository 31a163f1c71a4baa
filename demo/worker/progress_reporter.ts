/** Reports the progress of a training run to the page: metrics a few times a second, and the points of its curves. */
import type { Device, Progress } from "sluice";
import type { Curves, EpochEvent, Point, StepEvent } from "../messages/training.ts";

/** The shortest interval between reports. */
const REPORT_MILLISECONDS = 100;

interface ReporterParts {
  readonly batchSize: number;
  /** The number of texts in an epoch. */
  readonly size: number;
  readonly device: Device;
  /** The curves of a resumed run. */
  readonly curves: Curves | undefined;
  readonly tell: (event: StepEvent | EpochEvent) => void;
}

/** Sums over an epoch so far. */
interface Reading {
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
}

const NOTHING_READ: Reading = { samples: 0, loss: 0, accuracy: 0 };

/**
 * Turns the engine's progress into events. The engine reports means over the epoch so far. The curve uses means since
 * the last reading (the difference of the sums), which react faster. At the end of an epoch the last interval may be
 * only a batch or two; if it is far shorter than the previous interval, its point is the mean over both.
 */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #training: Point[];
  readonly #heldOut: Point[];
  #reported = Number.NEGATIVE_INFINITY;
  /** The epoch's last reading, and the one before. */
  #last = NOTHING_READ;
  #before = NOTHING_READ;
  #epoch = 0;
  #lastLogs: Progress["logs"] | undefined;
  /** The completed steps, and the total. */
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
    const sums = { samples, loss: loss * samples, accuracy: accuracy * samples };
    if (this.#epoch !== epoch) [this.#epoch, this.#last, this.#before] = [epoch, NOTHING_READ, NOTHING_READ];
    const [last, before] = [this.#last, this.#before];
    this.#lastLogs = logs;
    if (samples <= last.samples) return undefined;
    const isShort = samples - last.samples < (last.samples - before.samples) / 3;
    const from = isShort ? before : last;
    [this.#last, this.#before] = [sums, from];
    const count = samples - from.samples;
    return {
      step: this.step,
      loss: (sums.loss - from.loss) / count,
      accuracy: (sums.accuracy - from.accuracy) / count,
    };
  }
}
