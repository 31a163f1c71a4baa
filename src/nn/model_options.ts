/** What the model's methods take and give. */
import type { NdArray } from "../core/nd_array.ts";
import type { Shape } from "../core/shape.ts";
import type { Device } from "../runtime/device.ts";
import type { DataLike } from "./data_input.ts";
import type { LossLike } from "./losses.ts";
import type { MetricLike } from "./metrics.ts";
import type { OptimizerLike } from "./optimizers/index.ts";
import type { EpochRecord, Progress, TrainingStatistics } from "./training_state.ts";

/** Options of `sequential`. */
export interface ModelOptions {
  readonly device: Device;
  /** The shape of one example, without the batch: `[500]` for 500 ids. */
  readonly inputShape: Shape;
  /** One seed, one result: weights, dropout and the order of the rows follow from it. 0 when absent. */
  readonly seed?: number;
  readonly name?: string;
}

/** Options of `compile`. */
export interface CompileOptions {
  readonly optimizer?: OptimizerLike;
  readonly loss: LossLike;
  readonly metrics?: readonly MetricLike[];
}

/** Options of `fit`. */
export interface FitOptions {
  /** 1 when absent. */
  readonly epochs?: number;
  /** 32 when absent. */
  readonly batchSize?: number;
  readonly validationData?: DataLike;
  /** The last share of the data, before any shuffling, is kept for validation. */
  readonly validationSplit?: number;
  /** True when absent: another order in each epoch, by the seed. */
  readonly shuffle?: boolean;
  /** Of the order of the rows; the model's own when absent. */
  readonly seed?: number;
  /** Stops at a whole step: `fit` rejects with an AbortError, and `resume` can go on. */
  readonly signal?: AbortSignal;
  /** Called after each step. Loss and metrics in it are read from the GPU only now and then. */
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
  /** Go on where an earlier `fit` stopped (in this session, or in the one that saved the model), with that fit's epochs, batch size and seed. */
  readonly resume?: boolean;
}

/** Options of `evaluate` and `predict`. */
export interface RunOptions {
  /** 32 when absent. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** What `fit` returns. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
}

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer and weight, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}
