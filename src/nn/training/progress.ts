/** What a progress callback is told: how far a training run is, how fast it goes, and how long it will take. */
import type { Moment } from "./step_policy.ts";
import type { Steps } from "./steps.ts";
import type { Logs, Progress, TrainingState } from "./training_state.ts";

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
