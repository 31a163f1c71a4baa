/** The options and results of the model's methods. */
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
  /** The device that holds the weights. Without one, the model can only be a layer of other models. */
  readonly device?: Device | undefined;
  /** The shape of one example, without the batch: `[500]` for 500 ids. Omit it if the first part is an `input()`. */
  readonly inputShape?: Shape | undefined;
  /** The seed of initial weights, dropout and shuffling: the same seed gives the same result. Default: 0. */
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

/** One or several metrics, for one or all outputs. */
export type MetricsLike =
  | readonly (MetricLike | readonly MetricLike[] | null)[]
  | Readonly<Record<string, MetricLike | readonly MetricLike[] | null>>;

/** Options of `compile`. */
export interface CompileOptions {
  readonly optimizer?: OptimizerLike;
  /** One loss for all outputs, or a list or object of losses by output; null for an output that is not trained. */
  readonly loss: LossLike | readonly (LossLike | null)[] | Readonly<Record<string, LossLike | null>>;
  /** The weight of each loss in the total loss. Default: 1. */
  readonly lossWeights?: number | readonly number[] | Readonly<Record<string, number>> | undefined;
  /** With several outputs, one entry (a metric or a list) for each output, or an object by output. */
  readonly metrics?: MetricsLike | undefined;
  /** Like `metrics`, but each example is weighted by its sample weight. */
  readonly weightedMetrics?: MetricsLike | undefined;
}

/** The options of `compile`. Their contents are checked once the model's outputs are known. */
export const COMPILE = {
  optimizer: withDefault(checkedLater<OptimizerLike>("an optimizer"), "rmsprop"),
  loss: required(checkedLater<CompileOptions["loss"]>('a loss, such as "meanSquaredError"')),
  lossWeights: ifGiven(checkedLater<CompileOptions["lossWeights"]>("numbers")),
  metrics: withDefault(checkedLater<MetricsLike>("metrics"), []),
  weightedMetrics: withDefault(checkedLater<MetricsLike>("metrics"), []),
} satisfies TableOf<CompileOptions>;

/** The validated options of `compile`. */
export type CompileSettings = OptionsOf<typeof COMPILE>;

/** Options of `memory`: those of the planned `fit`, `evaluate` and `predict`. */
export interface MemoryOptions
  extends Pick<
    FitOptions,
    "batchSize" | "microBatchSize" | "validationData" | "validationBatchSize" | "validationSplit"
  > {
  /**
   * The training examples. Default: one batch of rows without padding; the data set's own memory is then not counted.
   */
  readonly data?: DataLike | undefined;
}

/** Options of `predict`. */
export interface RunOptions {
  /** Default: 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** The options of `predict`. */
export const RUN = { batchSize: withDefault(positive, 32), signal: ifGiven(signal) } satisfies TableOf<RunOptions>;

/** Options of `evaluate`. */
export interface EvaluateOptions extends RunOptions {
  /** The maximum number of steps; needed for an infinite stream. */
  readonly steps?: number | undefined;
  /** The weight of each example or each timestep; one array per output if there are several. */
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
  /** The weight of each example or each timestep; one array per output if there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
  /** The weight of each class's examples; for models with one output. */
  readonly classWeight?: ClassWeight | undefined;
}

/** The options of `testOnBatch`. */
export const TEST_BATCH = { sampleWeight: ifGiven(sampleWeight) } satisfies TableOf<Omit<BatchOptions, "classWeight">>;

/** The options of `trainOnBatch`. */
export const BATCH = { ...TEST_BATCH, classWeight: ifGiven(classWeight) } satisfies TableOf<BatchOptions>;

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer name and weight name, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}
