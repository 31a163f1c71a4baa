/** What the model's methods take and give. */
import type { NdArray } from "../../core/nd_array.ts";
import type { OptionNames } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import type { Device } from "../../runtime/device.ts";
import type { ClassWeight, DataLike, TargetsLike } from "../data/data_targets.ts";
import type { LossLike } from "../losses/index.ts";
import type { MetricLike } from "../metrics/index.ts";
import type { OptimizerLike } from "../optimizers/index.ts";
import type { FitOptions } from "../training/fit_options.ts";

/** Options of `sequential`. */
export interface ModelOptions {
  /** Where the model lives. Without one it can only be a layer of other models. */
  readonly device?: Device | undefined;
  /**
   * The shape of one example, without the batch: `[500]` for 500 ids. Left out where the first part is an `input()`.
   */
  readonly inputShape?: Shape | undefined;
  /** One seed, one result: weights, dropout and the order of the rows follow from it. 0 when absent. */
  readonly seed?: number | undefined;
  readonly name?: string | undefined;
}

/** The names of `sequential`'s options. */
export const MODEL_OPTIONS: OptionNames<ModelOptions> = { device: true, inputShape: true, seed: true, name: true };

/** Metrics of all outputs. */
export type MetricsLike =
  | readonly (MetricLike | readonly MetricLike[] | null)[]
  | Readonly<Record<string, MetricLike | readonly MetricLike[] | null>>;

/** Options of `compile`. */
export interface CompileOptions {
  readonly optimizer?: OptimizerLike;
  /** One for all outputs, or a list or an object by output; null for an output that is not trained. */
  readonly loss: LossLike | readonly (LossLike | null)[] | Readonly<Record<string, LossLike | null>>;
  /** Each loss's part in what is minimised; 1 when absent. */
  readonly lossWeights?: number | readonly number[] | Readonly<Record<string, number>> | undefined;
  /** With several outputs, one entry (a metric or a list) for each output, or an object by output. */
  readonly metrics?: MetricsLike | undefined;
  /** As `metrics`, of the examples each counted by its sample weight. */
  readonly weightedMetrics?: MetricsLike | undefined;
}

/** The names of `compile`'s options. */
export const COMPILE_OPTIONS: OptionNames<CompileOptions> = {
  optimizer: true,
  loss: true,
  lossWeights: true,
  metrics: true,
  weightedMetrics: true,
};

/** Options of `memory`: what `fit`, `evaluate` and `predict` will be given. */
export interface MemoryOptions
  extends Pick<
    FitOptions,
    "batchSize" | "microBatchSize" | "validationData" | "validationBatchSize" | "validationSplit"
  > {
  /** The examples to train on. One batch of rows without padding when absent: then the data set is not counted. */
  readonly data?: DataLike | undefined;
}

/** Options of `predict`. */
export interface RunOptions {
  /** 32 when absent. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** The names of `predict`'s options. */
export const RUN_OPTIONS: OptionNames<RunOptions> = { batchSize: true, signal: true };

/** Options of `evaluate`. */
export interface EvaluateOptions extends RunOptions {
  /** No more steps than these; for a stream without end. */
  readonly steps?: number | undefined;
  /** How much each example counts, or each timestep; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
}

/** The names of `evaluate`'s options. */
export const EVALUATE_OPTIONS: OptionNames<EvaluateOptions> = { ...RUN_OPTIONS, steps: true, sampleWeight: true };

/** Options of `trainOnBatch` and `testOnBatch`. */
export interface BatchOptions {
  /** How much each example counts, or each timestep; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
  /** How much examples of each class count; for models of one output. */
  readonly classWeight?: ClassWeight | undefined;
}

/** The names of the options of `trainOnBatch` and `testOnBatch`. */
export const BATCH_OPTIONS: OptionNames<BatchOptions> = { sampleWeight: true, classWeight: true };

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer and weight, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}
