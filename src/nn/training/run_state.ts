/**
 * Where a training run stands, and what each outcome makes of it: plain data and pure functions, no GPU and no clock.
 */
import type { Logs } from "../metrics/logs.ts";
import type { TrainingState } from "./training_state.ts";

/**
 * The run's phase: between two epochs (or before the first); in a step, which an epoch begins with; between two steps
 * of an epoch; or after its last step, with validation and results to come.
 */
type Phase = "betweenEpochs" | "inStep" | "betweenSteps" | "results";

/** A training run's place in its loop. A snapshot keeps it, so that a run whose device was lost goes on from there. */
export interface RunState {
  /** What a checkpoint keeps of it. A run that resumes one begins between epochs, even in the middle of an epoch. */
  readonly training: TrainingState;
  readonly phase: Phase;
  /** Steps taken since sums and status were read back. */
  readonly unreadSteps: number;
  /** The run ends once so many steps of the model's life are done, because a callback asked to stop. */
  readonly stopAt: number | undefined;
}

/** What the GPU tells of the steps so far. */
export interface Reading {
  /** Of loss and metrics over the epoch. */
  readonly sums: readonly number[];
  /** 0, or the number (from 1) of the first step that was not finite: nothing has changed since before it. */
  readonly status: number;
}

/** What has happened. */
export type Outcome =
  | { readonly kind: "epochBegun" }
  | { readonly kind: "stepBegun" }
  | { readonly kind: "stepTaken"; readonly isLast: boolean; readonly reading?: Reading | undefined }
  /** The epoch has no further step. */
  | { readonly kind: "stepsExhausted" }
  | { readonly kind: "sumsRead"; readonly reading: Reading }
  | { readonly kind: "epochEnded"; readonly logs: Logs; readonly seconds: number }
  /** Callbacks have added to the logs of the epoch that ended. */
  | { readonly kind: "logsCompleted"; readonly logs: Logs }
  | { readonly kind: "stopRequested" }
  /** The run went back to a snapshot. */
  | { readonly kind: "wentBack"; readonly to: RunState };

/** What the loop does next. */
export type Action = "beginEpoch" | "step" | "endEpoch" | "endRun";

/** The state of a run that starts, or resumes a checkpoint. */
export function initialRunState(training: TrainingState): RunState {
  return { training, phase: "betweenEpochs", unreadSteps: 0, stopAt: undefined };
}

/** The state after an outcome. */
export function advance(state: RunState, outcome: Outcome): RunState {
  const { training, phase } = state;
  const { epoch, batch, iteration, records } = training;
  switch (outcome.kind) {
    case "epochBegun":
    case "stepBegun":
      return { ...state, phase: "inStep" };
    case "stepTaken": {
      const taken: RunState = {
        ...state,
        training: { ...training, batch: batch + 1, iteration: iteration + 1 },
        phase: outcome.isLast ? "results" : "betweenSteps",
        unreadSteps: state.unreadSteps + 1,
      };
      return outcome.reading === undefined ? taken : withReading(taken, outcome.reading);
    }
    case "stepsExhausted":
      return { ...state, phase: "results" };
    case "sumsRead":
      return withReading(state, outcome.reading);
    case "epochEnded": {
      const record = { epoch: epoch + 1, logs: outcome.logs, seconds: outcome.seconds };
      const ended = { ...training, epoch: epoch + 1, batch: 0, sums: [], records: [...records, record] };
      return { ...state, training: ended, phase: "betweenEpochs" };
    }
    case "logsCompleted": {
      const completed = records.map((record, index) =>
        index === records.length - 1 ? { ...record, logs: outcome.logs } : record,
      );
      return { ...state, training: { ...training, records: completed } };
    }
    case "stopRequested":
      // A step that has begun is taken, and an epoch that has begun takes one: resuming would begin it a second time.
      return { ...state, stopAt: state.stopAt ?? (phase === "inStep" ? iteration + 1 : iteration) };
    case "wentBack":
      // A request to stop after the snapshot still holds: it may not come a second time.
      return { ...outcome.to, stopAt: outcome.to.stopAt ?? state.stopAt };
  }
}

/** With sums and status as the GPU has them; after a step that was not finite, as before that step. */
function withReading(state: RunState, { sums, status }: Reading): RunState {
  const { training } = state;
  const undone = status === 0 ? 0 : training.iteration - (status - 1);
  return {
    ...state,
    training: { ...training, sums, batch: training.batch - undone, iteration: training.iteration - undone },
    phase: undone > 0 ? "betweenSteps" : state.phase,
    unreadSteps: 0,
  };
}

/** What is to be done in a state. */
export function nextAction({ training, phase, stopAt }: RunState): Action {
  const isStopping = stopAt !== undefined && training.iteration >= stopAt;
  switch (phase) {
    case "betweenEpochs":
      return isStopping || training.epoch >= training.epochs ? "endRun" : "beginEpoch";
    case "inStep":
      return "step";
    case "betweenSteps":
      return isStopping ? "endEpoch" : "step";
    case "results":
      return "endEpoch";
  }
}
