/** What a callback is, and what it sees of the training (https://keras.io/api/callbacks/). */
import type { NonFiniteError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import type { Direction } from "../metrics/index.ts";
import type { Optimizer } from "../optimizers/index.ts";

/**
 * A result by name, to which a callback may add, such as `learningRate`. What is added in `onEpochEnd` is in the
 * history.
 */
export type MutableLogs = Record<string, number>;

/** The training that a callback is called by. */
export interface Training {
  readonly optimizer: Optimizer;
  /** Epochs to train, steps of an epoch, examples of a step. */
  readonly params: { readonly epochs: number; readonly steps: number; readonly batchSize: number };
  /** Steps done in the model's life. */
  readonly iteration: number;
  /**
   * What logs at an epoch's end will hold, as far as it is known before the first; several results of one metric bear
   * its name.
   */
  readonly logNames: readonly string[];
  /** Whether more or less of a result is better; undefined where the metric does not say. */
  directionOf(logName: string): Direction;
  /** The weights' names, in the order of `weights()`. */
  readonly weightNames: readonly string[];
  /** All weights, read back from the GPU. */
  weights(): Promise<readonly NdArray[]>;
  /**
   * Writes all weights, in the order of `weights()`. @throws ShapeError, ValueError if one does not fit or is not
   * finite; then none is changed.
   */
  setWeights(weights: readonly NdArray[]): void;
  /** Saves the model with the training as it stands, so that `resume` continues from here. */
  save(directory: string): Promise<void>;
  /** The same as files in memory. */
  toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Ends the training: after this step within an epoch, else before the next epoch. */
  stop(): void;
}

/** What may be waited for. */
type Awaitable<T> = T | Promise<T>;

/**
 * Hooks of a training; `fit` waits for each. Epochs and batches count from 0, as in Keras. A hook that throws stops
 * `fit` at a whole step: the error reaches fit's caller, and `resume` continues from there. After a loss of the device
 * the steps since the last snapshot are taken again, and with them the hooks of these steps, from the states that were
 * kept with the snapshot; a snapshot follows `onEpochSettled`, so that epochs' hooks are not called twice.
 */
export interface Callback {
  /** Names it in errors and in a saved training. */
  readonly name?: string;
  /**
   * True to read loss and metrics back after every step for `onBatchEnd`, a number n for every step whose number in the
   * model's life (`training.iteration`) is a multiple of n. Each reading waits until the GPU has finished the step, so
   * that no next one is queued meanwhile: 3 to 6 ms a step where a tiny model's step took 2.7 ms (lavapipe, 2 cores),
   * some 100 ms in Firefox. Without it logs are read now and then, at no such cost.
   */
  readonly batchLogs?: boolean | number;
  /** Before the first step, also of a training that goes on. */
  onTrainBegin?(training: Training): Awaitable<void>;
  /** Not called when the training was aborted or failed. */
  onTrainEnd?(logs: MutableLogs, training: Training): Awaitable<void>;
  /** Not called again for an epoch that goes on after `resume`. */
  onEpochBegin?(epoch: number, training: Training): Awaitable<void>;
  /** After an epoch and its validation; what is put into `logs` joins the history. */
  onEpochEnd?(epoch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /** After every callback's `onEpochEnd`: what is saved here holds the state of all. */
  onEpochSettled?(epoch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /** Before a step. */
  onBatchBegin?(batch: number, training: Training): Awaitable<void>;
  /**
   * `logs` are the means over the epoch so far, as last read, see `batchLogs`. Until an epoch's first reading they are
   * those of the epoch before, so that a progress bar always shows a loss; before the run's first reading they are
   * empty.
   */
  onBatchEnd?(batch: number, logs: MutableLogs, training: Training): Awaitable<void>;
  /**
   * The loss, a gradient or a weight stopped being finite. True ends the training in peace instead of with this error.
   */
  onNonFinite?(error: NonFiniteError, training: Training): Awaitable<boolean>;
  /** What a saved training keeps, so that resuming is exact. */
  state?(): CallbackState;
  /** Goes on from a kept state; called after `onTrainBegin`. */
  restore?(state: CallbackState): void;
}

/** A callback's state: JSON, and arrays if need be. */
export interface CallbackState {
  readonly json: JsonValue;
  readonly arrays?: readonly NdArray[];
}

/** States by the callbacks' keys. */
export type CallbackStates = Readonly<Record<string, CallbackState>>;
