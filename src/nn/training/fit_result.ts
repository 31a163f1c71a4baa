/** What `fit` returns. */
import type { EpochRecord } from "./training_state.ts";

/** A loss of the device after which a training run went on. */
export interface Recovery {
  /** `"destroyed"` or `"unknown"`. */
  readonly reason: string;
  /** The steps of the model's life that were kept: those after them were taken again. */
  readonly lastStep: number;
  /** The adapter on which it went on. Another one may round differently. */
  readonly adapter: string;
}

/** What a training run did on the GPU, as numbers. */
export interface TrainingStatistics {
  readonly steps: number;
  readonly dispatchesPerStep: number;
  /** Dispatches per step beyond these that only the watchdog limit forces. */
  readonly extraChunksPerStep: number;
  /**
   * In how many micro-batches a batch goes through the model: 1, unless it would pass a limit of the device or
   * `microBatchSize` is given.
   */
  readonly microBatchesPerStep: number;
  readonly submitsPerStep: number;
  readonly readbacks: number;
  readonly peakGpuBytes: number;
}

/** The training run that ended. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
  /** The losses of the device after which the run went on by itself; none as a rule. */
  readonly recoveries: readonly Recovery[];
}
