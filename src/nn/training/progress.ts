/** The argument of progress callbacks: position, speed and remaining time of a training run. */
import type { Logs } from "../metrics/logs.ts";
import type { Moment } from "./step_policy.ts";
import type { Steps } from "./steps.ts";
import type { EpochRecord, TrainingState } from "./training_state.ts";

/** The progress of a training run after a step. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  /** Steps per epoch; 0 while a stream's length is unknown. */
  readonly batches: number;
  /**
   * The last loss and metrics read in this epoch. Before an epoch's first reading it is the previous epoch's object;
   * before the run's first reading it is empty.
   */
  readonly logs: Logs;
  /** 0 until enough steps have run to estimate it. */
  readonly samplesPerSecond: number;
  /** The time until the end of the last epoch, without validation; 0 until enough steps have run to estimate it. */
  readonly secondsLeft: number;
  /** Set when an epoch has ended, validation included. */
  readonly ended?: EpochRecord;
}

/** The progress at `now`. The pace is measured since `paceFrom`; without it, the pace is unknown. */
export function progressOf(
  { epochs, epoch: done }: Pick<TrainingState, "epochs" | "epoch">,
  data: Pick<Steps, "count" | "samplesOf">,
  logs: Logs,
  paceFrom: Moment | undefined,
  now: Moment,
): Progress {
  const { count = 0 } = data;
  const { batch } = now;
  const epoch = batch === count ? done : done + 1;
  const batchesLeft = (epochs - epoch) * count + (count - batch);
  const from = paceFrom ?? now;
  const seconds = (now.time - from.time) / 1000;
  const samples = data.samplesOf(batch) - data.samplesOf(from.batch);
  const isKnown = samples > 0 && seconds > 0;
  return {
    epoch,
    epochs,
    batch,
    batches: count,
    logs,
    samplesPerSecond: isKnown ? samples / seconds : 0,
    secondsLeft: isKnown && count > 0 ? (batchesLeft * seconds) / (batch - from.batch) : 0,
  };
}
