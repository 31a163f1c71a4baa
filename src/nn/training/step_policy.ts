/** The policy for each training step: what to read back, when to take a snapshot, and how to measure the pace. */

/** Sums are read once at least this much time and this many steps have passed since the last reading. */
const READ_MS = 500;
const READ_STEPS = 10;
/** A snapshot is taken once this many bytes of a stream's batches are held for repetition. */
const MOST_HELD_BYTES = 64 * 2 ** 20;
/** Ignored when measuring the pace: the first steps compile kernels, and the next ones only fill the queue. */
const WARM_UP_STEPS = 4;

/** A position in the epoch, in steps, and the time it was reached, in milliseconds. */
export interface Moment {
  readonly time: number;
  readonly batch: number;
}

/** The timestamps of the current epoch. */
export interface EpochTimings {
  /** Where the run entered the epoch: in the middle after a device loss or when resuming a checkpoint. */
  readonly began: Moment;
  /** The last step whose sums were read. */
  readonly lastRead: Moment;
  /** The start of the pace measurement; undefined during warm-up. */
  readonly paceFrom: Moment | undefined;
}

/** How a step is run: with a snapshot of all variables, with its sums read back, or only submitted. */
export type StepMode = "snapshot" | "read" | "submit";

/** The inputs of `stepMode`. */
export interface StepSituation {
  /** Whether this is the last step of the epoch. */
  readonly isLast: boolean;
  readonly isSnapshotDue: boolean;
  /** Bytes of batches held for repetition after a device loss. */
  readonly heldBytes: number;
  /** Whether a callback wants the logs of every step. */
  readonly wantsLogs: boolean;
  readonly lastRead: Moment;
  readonly now: Moment;
}

/** The mode of the next step. */
export function stepMode({ isLast, isSnapshotDue, heldBytes, wantsLogs, lastRead, now }: StepSituation): StepMode {
  if (isLast || isSnapshotDue || heldBytes > MOST_HELD_BYTES) return "snapshot";
  const isReadDue = now.batch - lastRead.batch >= READ_STEPS && now.time - lastRead.time >= READ_MS;
  return isReadDue || wantsLogs ? "read" : "submit";
}

/** The timings at the start of an epoch or when it continues; `isWarm` if the run has taken steps before. */
export function beginTimings(began: Moment, isWarm: boolean): EpochTimings {
  return { began, lastRead: began, paceFrom: isWarm ? began : undefined };
}

/** The timings after a step, once `now.batch` steps of the epoch are done. */
export function timingsAfterStep(timings: EpochTimings, now: Moment): EpochTimings {
  const isWarmingUp = now.batch < timings.began.batch + WARM_UP_STEPS;
  return timings.paceFrom !== undefined || isWarmingUp ? timings : { ...timings, paceFrom: now };
}
