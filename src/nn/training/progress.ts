/** What a progress callback is told: how far a training run is, how fast it goes, and how long it will take. */
import type { Logs } from "../metrics/logs.ts";
import type { Moment } from "./step_policy.ts";
import type { Steps } from "./steps.ts";
import type { EpochRecord, TrainingState } from "./training_state.ts";

/** What a progress callback learns after a step. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  /** Steps of an epoch; 0 while the length of a stream is not known. */
  readonly batches: number;
  /**
   * Loss and metrics of the epoch so far, as last read. Until an epoch's first reading those of the epoch before, and
   * the same object; empty before the run's first reading.
   */
  readonly logs: Logs;
  /** 0 until enough steps were seen to tell. */
  readonly samplesPerSecond: number;
  /** Until the end of the last epoch, validation not counted; 0 until enough steps were seen to tell. */
  readonly secondsLeft: number;
  /** Set when an epoch has ended, validation included. */
  readonly ended?: EpochRecord;
}

/** At `now`; the pace is that since `paceFrom`, unknown without it. */
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
