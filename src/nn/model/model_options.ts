/** What the model's methods take and give. */
import type { NdArray } from "../../core/nd_array.ts";
import {
  checkedLater,
  ifGiven,
  integer,
  type OptionsOf,
  positive,
  required,
  signal,
  type TableOf,
  withDefault,
} from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { deviceKind } from "../../runtime/device_kind.ts";
import type { ClassWeight, DataLike, TargetsLike } from "../data/data_targets.ts";
import { shapeKind } from "../layers/input_layer.ts";
import { nameKind } from "../layers/layer_options.ts";
import type { LossLike } from "../losses/index.ts";
import type { MetricLike } from "../metrics/index.ts";
import type { OptimizerLike } from "../optimizers/index.ts";
import { classWeight, type FitOptions, sampleWeight } from "../training/fit_options.ts";

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

/** The options of `sequential`. */
export const MODEL = {
  device: ifGiven(deviceKind),
  inputShape: ifGiven(shapeKind("sequential: inputShape")),
  seed: ifGiven(integer),
  name: ifGiven(nameKind),
} satisfies TableOf<ModelOptions>;

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

/** The options of `compile`; what is in them, only the model knows. */
export const COMPILE = {
  optimizer: withDefault(checkedLater<OptimizerLike>("an optimizer"), "rmsprop"),
  loss: required(checkedLater<CompileOptions["loss"]>('a loss, such as "meanSquaredError"')),
  lossWeights: ifGiven(checkedLater<CompileOptions["lossWeights"]>("numbers")),
  metrics: withDefault(checkedLater<MetricsLike>("metrics"), []),
  weightedMetrics: withDefault(checkedLater<MetricsLike>("metrics"), []),
} satisfies TableOf<CompileOptions>;

/** The options of `compile`, read. */
export type CompileSettings = OptionsOf<typeof COMPILE>;

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

/** The options of `predict`. */
export const RUN = { batchSize: withDefault(positive, 32), signal: ifGiven(signal) } satisfies TableOf<RunOptions>;

/** Options of `evaluate`. */
export interface EvaluateOptions extends RunOptions {
  /** No more steps than these; for a stream without end. */
  readonly steps?: number | undefined;
  /** How much each example counts, or each timestep; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
}

/** The options of `evaluate`. */
export const EVALUATE = {
  ...RUN,
  steps: ifGiven(positive),
  sampleWeight: ifGiven(sampleWeight),
} satisfies TableOf<EvaluateOptions>;

/** Options of `trainOnBatch` and `testOnBatch`. */
export interface BatchOptions {
  /** How much each example counts, or each timestep; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
  /** How much examples of each class count; for models of one output. */
  readonly classWeight?: ClassWeight | undefined;
}

/** The options of `testOnBatch`. */
export const TEST_BATCH = { sampleWeight: ifGiven(sampleWeight) } satisfies TableOf<Omit<BatchOptions, "classWeight">>;

/** The options of `trainOnBatch`. */
export const BATCH = { ...TEST_BATCH, classWeight: ifGiven(classWeight) } satisfies TableOf<BatchOptions>;

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer and weight, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}
