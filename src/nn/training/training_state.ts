import type { CallbackStates } from "../callbacks/callback.ts";
import type { Logs } from "../metrics/logs.ts";

/** One epoch's results. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  readonly logs: Logs;
  readonly seconds: number;
}

/** The state of a training run. Together with the weights and the optimizer's state, it allows exact resumption. */
export interface TrainingState {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The micro-batch size, if `fit` was given one. */
  readonly microBatchSize?: number | undefined;
  readonly shuffle: boolean;
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done in the current epoch. */
  readonly batch: number;
  /** Steps done since the model was created. */
  readonly iteration: number;
  /** Sums of loss and metrics over the current epoch so far. */
  readonly sums: readonly number[];
  /** Examples of the data; 0 for a stream of batches. */
  readonly size: number;
  /** Steps per epoch, if `fit` was given them. */
  readonly stepsPerEpoch?: number | undefined;
  /** The epoch that `fit` started from. Default: 0. */
  readonly initialEpoch?: number | undefined;
  readonly records: readonly EpochRecord[];
  /** The states of callbacks. */
  readonly callbacks?: CallbackStates;
}
