/** The state machine of a training run: plain data and pure functions, without GPU or clock. */
import type { Logs } from "../metrics/logs.ts";
import type { TrainingState } from "./training_state.ts";

/**
 * The phase of a run: between two epochs or before the first; in a step (an epoch starts with one); between two steps
 * of an epoch; or after its last step, before validation and results.
 */
type Phase = "betweenEpochs" | "inStep" | "betweenSteps" | "results";

/**
 * A training run's position in its loop. Snapshots include it, so that a run continues from there after a device loss.
 */
export interface RunState {
  /**
   * The part that a checkpoint stores. A resumed run starts in the phase between epochs, even in the middle of an
   * epoch.
   */
  readonly training: TrainingState;
  readonly phase: Phase;
  /** Steps taken since sums and status were read back. */
  readonly unreadSteps: number;
  /** If a callback asked to stop: the model's step count at which the run ends. */
  readonly stopAt: number | undefined;
}

/** The results read back from the GPU. */
export interface Reading {
  /** The sums of loss and metrics over the epoch. */
  readonly sums: readonly number[];
  /** 0, or the number (from 1) of the first step that was not finite. Weights have not changed since then. */
  readonly status: number;
}

/** An event that changes a run's state. */
export type Outcome =
  | { readonly kind: "epochBegun" }
  | { readonly kind: "stepBegun" }
  | { readonly kind: "stepTaken"; readonly isLast: boolean; readonly reading?: Reading | undefined }
  /** The epoch has no more steps. */
  | { readonly kind: "stepsExhausted" }
  | { readonly kind: "sumsRead"; readonly reading: Reading }
  | { readonly kind: "epochEnded"; readonly logs: Logs; readonly seconds: number }
  /** Callbacks have added to the logs of the epoch that ended. */
  | { readonly kind: "logsCompleted"; readonly logs: Logs }
  | { readonly kind: "stopRequested" }
  /** The run returned to a snapshot. */
  | { readonly kind: "wentBack"; readonly to: RunState };

/** The next action of the loop. */
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
      // A started step is completed, and a started epoch runs at least one; otherwise resuming would start it twice.
      return { ...state, stopAt: state.stopAt ?? (phase === "inStep" ? iteration + 1 : iteration) };
    case "wentBack":
      // A stop request made after the snapshot still applies, because it may not be repeated.
      return { ...outcome.to, stopAt: outcome.to.stopAt ?? state.stopAt };
  }
}

/** The state with the GPU's sums and status; after a step that was not finite, the state before that step. */
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

/** The next action for a state. */
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
