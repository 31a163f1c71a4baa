/** What a progress callback is told: how far a training is, how fast it goes, and how long it will take. */
import type { Steps } from "./steps.ts";
import type { Logs, Progress, TrainingState } from "./training_state.ts";

/** A step of the epoch at hand, and when it was reached, in milliseconds. */
export interface Moment {
  readonly time: number;
  readonly batch: number;
}

/** After `batch` steps of the epoch; the pace is that since `paceFrom`, unknown without it. */
export function progressOf(
  { epochs, epoch: done }: TrainingState,
  data: Pick<Steps, "count" | "samplesOf">,
  batch: number,
  logs: Logs,
  paceFrom: Moment | undefined,
): Progress {
  const { count = 0 } = data;
  const epoch = batch === count ? done : done + 1;
  const batchesLeft = (epochs - epoch) * count + (count - batch);
  const { time, batch: from } = paceFrom ?? { time: 0, batch };
  const seconds = (performance.now() - time) / 1000;
  const samples = data.samplesOf(batch) - data.samplesOf(from);
  const isKnown = samples > 0 && seconds > 0;
  return {
    epoch,
    epochs,
    batch,
    batches: count,
    logs,
    samplesPerSecond: isKnown ? samples / seconds : 0,
    secondsLeft: isKnown && count > 0 ? (batchesLeft * seconds) / (batch - from) : 0,
  };
}
