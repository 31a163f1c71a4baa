/** What the model's methods take and give. */
import type { NdArray } from "../../core/nd_array.ts";
import type { OptionNames } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import type { Device } from "../../runtime/device.ts";
import type { Callback } from "../callbacks/callback.ts";
import type { BatchStream } from "../data/batch_stream.ts";
import type { ClassWeight, DataLike, TargetsLike } from "../data/data_targets.ts";
import type { LossLike } from "../losses/index.ts";
import type { MetricLike } from "../metrics/index.ts";
import type { OptimizerLike } from "../optimizers/index.ts";
import type { EpochRecord, Progress, Recovery, TrainingStatistics } from "../training/training_state.ts";

/** Options of `sequential`. */
export interface ModelOptions {
  /** Where the model lives. Without one it can only be a layer of other models. */
  readonly device?: Device | undefined;
  /** The shape of one example, without the batch: `[500]` for 500 ids. Left out where the first part is an `input()`. */
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

/** Options of `fit`. */
export interface FitOptions {
  /** 1 when absent. */
  readonly epochs?: number;
  /** 32 when absent. */
  readonly batchSize?: number;
  /**
   * Rows that go through the model at once; their gradients add up over the batch, so that memory is that of so many rows.
   * `batchSize` when absent, or where that passes a limit of the device the largest half, quarter, … of it that does not.
   * Models whose layers keep statistics of whole batches take their batches whole.
   */
  readonly microBatchSize?: number | undefined;
  /** Steps of an epoch; all examples, or the whole stream, once when absent. The next epoch goes on where it ends. */
  readonly stepsPerEpoch?: number | undefined;
  /** The epoch to begin with: epochs before it count as done. 0 when absent. */
  readonly initialEpoch?: number | undefined;
  readonly validationData?: DataLike | BatchStream | undefined;
  /** No more steps of validation than these; for a stream without end. */
  readonly validationSteps?: number | undefined;
  /** batchSize when absent. */
  readonly validationBatchSize?: number | undefined;
  /** Validates after every so many epochs; 1 when absent. */
  readonly validationFreq?: number | undefined;
  /** The last share of the data, before any shuffling, is kept for validation. */
  readonly validationSplit?: number;
  /** How much each example counts, `[N]`, or each timestep, `[N, T]`; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
  /** How much examples of each class count, by class number; for models of one output. */
  readonly classWeight?: ClassWeight | undefined;
  /** True when absent: another order in each epoch, by the seed. */
  readonly shuffle?: boolean;
  /** Of the order of the rows; the model's own when absent. */
  readonly seed?: number;
  /** Stops at a whole step: `fit` rejects with an AbortError, and `resume` can go on. */
  readonly signal?: AbortSignal;
  /** Called after each step. Loss and metrics in it are read from the GPU only now and then. */
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
  /** Called in this order at each hook; what they keep is part of a saved training. */
  readonly callbacks?: readonly Callback[];
  /**
   * Seconds between two snapshots within an epoch, from which the training goes on by itself after a loss of the device; one is
   * taken at the end of each epoch in any case. 30 when absent, or more where they would take over 1% of the time; 0 for one
   * after every step.
   */
  readonly snapshotSeconds?: number | undefined;
  /** Go on where an earlier `fit` stopped (in this session, or in the one that saved the model), with that fit's epochs, batch size and seed. */
  readonly resume?: boolean;
}

/** The names of `fit`'s options. */
export const FIT_OPTIONS: OptionNames<FitOptions> = {
  epochs: true,
  batchSize: true,
  microBatchSize: true,
  stepsPerEpoch: true,
  initialEpoch: true,
  validationData: true,
  validationSteps: true,
  validationBatchSize: true,
  validationFreq: true,
  validationSplit: true,
  sampleWeight: true,
  classWeight: true,
  shuffle: true,
  seed: true,
  signal: true,
  onProgress: true,
  callbacks: true,
  snapshotSeconds: true,
  resume: true,
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

/** Bytes that a work holds on the device, by what they are for. */
export interface MemoryUse {
  /** All together. */
  readonly bytes: number;
  /** Weights, and states that layers keep. */
  readonly weights: number;
  /** The optimizer's state. */
  readonly optimizer: number;
  /** The examples. */
  readonly data: number;
  /** What steps need: activations, gradients, kernels' scratch, what comes back to the host. */
  readonly steps: number;
}

/** Bytes of a training. */
export interface TrainingMemory extends MemoryUse {
  /** In how many micro-batches a batch goes through the model. */
  readonly microBatchesPerStep: number;
}

/** What `memory` gives; as text (`String(memory)`, `${memory}`) it is a table. */
export interface ModelMemory {
  readonly batchSize: number;
  /** The device's, in bytes. */
  readonly memoryLimit: number;
  /** Of `fit`; undefined where the model is not compiled. */
  readonly training: TrainingMemory | undefined;
  /** Of `evaluate` on the same examples; undefined where the model is not compiled. */
  readonly evaluation: MemoryUse | undefined;
  /** Of `predict`. */
  readonly prediction: MemoryUse;
  /** False where `memoryLimit` is too low, even for a batch that goes in micro-batches. */
  readonly fits: boolean;
  /**
   * The most rows, found to within a twentieth, that go through the model at once within the device's limits and `memoryLimit`: in
   * training, or in prediction where the model is not compiled. Larger batches go in micro-batches. 0 where not even
   * one row fits.
   */
  readonly largestBatchSize: number;
  /** The figures as lines of text. */
  toString(): string;
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

/** What `fit` returns. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
  /** The losses of the device after which the training went on by itself; none as a rule. */
  readonly recoveries: readonly Recovery[];
}

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer and weight, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}
