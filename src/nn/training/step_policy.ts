/** How each step of a training run is taken: what is read back, when a snapshot is kept, and what tells the pace. */

/** Sums are read when at least this long, and this many steps, have passed since the last reading. */
const READ_MS = 500;
const READ_STEPS = 10;
/** A snapshot is taken when as many bytes of a stream's batches are held to be given again. */
const MOST_HELD_BYTES = 64 * 2 ** 20;
/** Kernels compile in a run's first steps, and those that follow only fill the queue: neither tells the pace. */
const WARM_UP_STEPS = 4;

/** A number of steps of the epoch, and when it was reached, in milliseconds. */
export interface Moment {
  readonly time: number;
  readonly batch: number;
}

/** When things happened in the epoch at hand. */
export interface EpochTimings {
  /** Where the run entered the epoch: in its middle after a loss of the device, or where it resumes a checkpoint. */
  readonly began: Moment;
  /** The last step whose sums were read. */
  readonly lastRead: Moment;
  /** From where the pace is measured; undefined while steps warm up. */
  readonly paceFrom: Moment | undefined;
}

/** How a step is taken: with a snapshot of all variables, with its sums read back, or only submitted. */
export type StepMode = "snapshot" | "read" | "submit";

/** What decides how a step is taken. */
export interface StepSituation {
  /** Of the epoch. */
  readonly isLast: boolean;
  readonly isSnapshotDue: boolean;
  /** Bytes of batches that are held to be given again after a loss of the device. */
  readonly heldBytes: number;
  /** Whether a callback wants the logs of every step. */
  readonly wantsLogs: boolean;
  readonly lastRead: Moment;
  readonly now: Moment;
}

/** How the next step is to be taken. */
export function stepMode({ isLast, isSnapshotDue, heldBytes, wantsLogs, lastRead, now }: StepSituation): StepMode {
  if (isLast || isSnapshotDue || heldBytes > MOST_HELD_BYTES) return "snapshot";
  const isReadDue = now.batch - lastRead.batch >= READ_STEPS && now.time - lastRead.time >= READ_MS;
  return isReadDue || wantsLogs ? "read" : "submit";
}

/** The timings of an epoch that begins or goes on; `isWarm` where the run has taken steps before. */
export function beginTimings(began: Moment, isWarm: boolean): EpochTimings {
  return { began, lastRead: began, paceFrom: isWarm ? began : undefined };
}

/** The timings after a step, once `now.batch` steps of the epoch are done. */
export function timingsAfterStep(timings: EpochTimings, now: Moment): EpochTimings {
  const isWarmingUp = now.batch < timings.began.batch + WARM_UP_STEPS;
  return timings.paceFrom !== undefined || isWarmingUp ? timings : { ...timings, paceFrom: now };
}
