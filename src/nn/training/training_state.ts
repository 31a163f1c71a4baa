import type { CallbackStates } from "../callbacks/callback.ts";
import type { Logs } from "../metrics/logs.ts";

/** One epoch's results. */
export interface EpochRecord {
  /** From 1 on. */
  readonly epoch: number;
  readonly logs: Logs;
  readonly seconds: number;
}

/** Where a training run stands: with the weights and the optimizer's state, all that it needs to resume exactly. */
export interface TrainingState {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Rows that go through the model at once, where `fit` was given it. */
  readonly microBatchSize?: number | undefined;
  readonly shuffle: boolean;
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done in the current epoch. */
  readonly batch: number;
  /** Steps done in the model's life. */
  readonly iteration: number;
  /** Sums of loss and metrics over the current epoch so far. */
  readonly sums: readonly number[];
  /** Examples of the data; 0 for a stream of batches. */
  readonly size: number;
  /** Where `fit` was given it: steps of an epoch, instead of all examples once. */
  readonly stepsPerEpoch?: number | undefined;
  /** The epoch that `fit` began with; 0 when absent. */
  readonly initialEpoch?: number | undefined;
  readonly records: readonly EpochRecord[];
  /** What callbacks keep. */
  readonly callbacks?: CallbackStates;
}
