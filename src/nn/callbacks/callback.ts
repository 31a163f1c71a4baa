/** The callback interface, and the view of the training run that callbacks get (https://keras.io/api/callbacks/). */
import type { NonFiniteError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { Direction } from "../metrics/index.ts";
import type { Optimizer } from "../optimizers/index.ts";

/** Results by name. Callbacks may add entries such as `learningRate`; those added in `onEpochEnd` join the history. */
export type MutableLogs = Record<string, number>;

/** The training run, as passed to callbacks. */
export interface Training {
  readonly optimizer: Optimizer;
  /** Number of epochs, steps per epoch, examples per step. */
  readonly params: { readonly epochs: number; readonly steps: number; readonly batchSize: number };
  /** Steps done since the model was created. */
  readonly iteration: number;
  /** The result names expected in the logs at an epoch's end; all results of one metric share its name. */
  readonly logNames: readonly string[];
  /** Whether a higher or lower result is better; undefined if the metric does not define it. */
  directionOf(logName: string): Direction;
  /** The weights' names, in the order of `weights()`. */
  readonly weightNames: readonly string[];
  /** All weights, read back from the GPU. */
  weights(): Promise<readonly NdArray[]>;
  /**
   * Writes all weights, in the order of `weights()`. @throws ShapeError, ValueError if any of them does not match or is
   * not finite; then no weight changes.
   */
  setWeights(weights: readonly NdArray[]): void;
  /** Saves the model with its current training state, so that `resume` continues from here. */
  save(directory: string): Promise<void>;
  /** Like `save`, but returns the files in memory. */
  toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Stops training: after the current step within an epoch, otherwise before the next epoch. */
  stop(): void;
}

/** A value or a promise of it. */
type Awaitable<T> = T | Promise<T>;

/**
 * Hooks of a training run; `fit` awaits each of them. Epochs and batches count from 0, as in Keras. If a hook throws,
 * `fit` stops at a whole step and rejects with that error; `resume` continues from there. After a device loss,
 * callbacks are restored to their state in the last snapshot, and the later steps are repeated with their hooks. A
 * snapshot follows `onEpochSettled`, so that the hooks of epochs are not called twice.
 */
export interface Callback {
  /** The name in errors and in a saved training state. */
  readonly name?: string;
  /**
   * True to read loss and metrics back after every step for `onBatchEnd`; a number n to read them after every step
   * whose `training.iteration` is a multiple of n. Each readback waits for the GPU to finish the step, and no other
   * step is queued meanwhile: 3 to 6 ms per step for a tiny model whose step took 2.7 ms (lavapipe, 2 cores), about 100
   * ms in Firefox. By default, logs are only read from time to time, without this cost.
   */
  readonly batchLogs?: boolean | number;
  /** Called before the first step, also when a run is resumed. */
  onTrainBegin?(training: Training): Awaitable<void>;
  /** Not called if training was aborted or failed. */
  onTrainEnd?(logs: MutableLogs, training: Training): Awaitable<void>;
  /** Not called again for an epoch that continues after `resume`. */
  onEpochBegin?(epoch: number, training: Training): Awaitable<void>;
  /** Called after an epoch and its validation; entries added to `logs` join the history. */
  onEpochEnd?(epoch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /** Called after every callback's `onEpochEnd`: a save made here includes the state of all callbacks. */
  onEpochSettled?(epoch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /** Called before a step. */
  onBatchBegin?(batch: number, training: Training): Awaitable<void>;
  /**
   * Called after a step. `logs` are the last means read in this epoch, see `batchLogs`. Before an epoch's first reading
   * they are those of the previous epoch, so that a progress bar always shows a loss; before the run's first reading
   * they are empty.
   */
  onBatchEnd?(batch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /**
   * Called if the loss, a gradient or a weight is no longer finite. Return true to stop training without throwing this
   * error.
   */
  onNonFinite?(error: NonFiniteError, training: Training): Awaitable<boolean>;
  /** The state to save, so that resumption is exact. */
  state?(): CallbackState;
  /** Restores a saved state; called after `onTrainBegin`. */
  restore?(state: CallbackState): void;
}

/** A callback's state: JSON, and optional arrays. */
export interface CallbackState {
  readonly json: JsonValue;
  readonly arrays?: readonly NdArray[];
}

/** States by the callbacks' keys. */
export type CallbackStates = Readonly<Record<string, CallbackState>>;
