import {
  checkedLater,
  count,
  flag,
  functionLike,
  ifGiven,
  integer,
  nonNegative,
  type OptionsOf,
  positive,
  rate,
  signal,
  type TableOf,
  withDefault,
} from "../../core/option_table.ts";
import type { Callback } from "../callbacks/callback.ts";
import type { BatchStream } from "../data/batch_stream.ts";
import type { ClassWeight, DataLike, TargetsLike } from "../data/data_targets.ts";
import type { Progress } from "./progress.ts";

/** Options of `fit`. */
export interface FitOptions {
  /** Default: 1. */
  readonly epochs?: number;
  /** Default: 32. */
  readonly batchSize?: number | undefined;
  /**
   * The number of rows that go through the model at once. Gradients accumulate over the batch, so this determines the
   * memory needed. Default: `batchSize`, halved until it fits the device's limits. Models whose layers compute
   * statistics over whole batches cannot split them.
   */
  readonly microBatchSize?: number | undefined;
  /** Steps per epoch. Default: all examples or the whole stream once. The next epoch continues where this one ends. */
  readonly stepsPerEpoch?: number | undefined;
  /** The epoch to start from; earlier epochs count as done. Default: 0. */
  readonly initialEpoch?: number | undefined;
  readonly validationData?: DataLike | BatchStream | undefined;
  /** The maximum number of validation steps; needed for an infinite stream. */
  readonly validationSteps?: number | undefined;
  /** Default: `batchSize`. */
  readonly validationBatchSize?: number | undefined;
  /** The number of epochs between validations. Default: 1. */
  readonly validationFreq?: number | undefined;
  /** The fraction of the data kept for validation, taken from its end before any shuffling. */
  readonly validationSplit?: number;
  /** The weight of each example, `[N]`, or of each timestep, `[N, T]`; one array per output if there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
  /** The weight of each class's examples, keyed by class index; for models with one output. */
  readonly classWeight?: ClassWeight | undefined;
  /** Whether to shuffle the examples in each epoch, determined by the seed. Default: true. */
  readonly shuffle?: boolean;
  /** The seed for shuffling. Default: the model's seed. */
  readonly seed?: number | undefined;
  /**
   * Aborts training after the current step: `fit` rejects with an AbortError, and `resume` can continue. A callback's
   * promise is awaited for at most 250 ms more. If the GPU does not finish the current step within 2 s plus twice a
   * step's time, the model returns to its last snapshot.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step. Its loss and metrics are read from the GPU only from time to time. */
  readonly onProgress?: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Callbacks, called in this order at each hook. Their state is saved with the training state. */
  readonly callbacks?: readonly Callback[];
  /**
   * Seconds between snapshots within an epoch. After a device loss, training continues from the last snapshot; one is
   * also taken at the end of each epoch. 0 takes one after every step. Default: 30, or more if snapshots would take
   * over 1% of the time.
   */
  readonly snapshotSeconds?: number | undefined;
  /**
   * Whether to continue an earlier `fit` (of this session, or of the one that saved the model) with its epochs, batch
   * size and seed.
   */
  readonly resume?: boolean;
}

/** The weight of each example; `prepareData` checks it against the data. */
export const sampleWeight = checkedLater<TargetsLike>("a weight ≥ 0 for each example");

/** The weight of each class's examples; also checked against the data. */
export const classWeight = checkedLater<ClassWeight>("weights by class: { 0: 1, 1: 5 }");

/** The options that `fit` and `memory` have in common. */
export const CUTS = {
  batchSize: ifGiven(positive),
  microBatchSize: ifGiven(positive),
  validationData: ifGiven(checkedLater<DataLike | BatchStream>("data")),
  validationBatchSize: ifGiven(positive),
  validationSplit: withDefault(rate, 0),
};

/** The options of `fit`. A checkpoint stores `shuffle`, `resume` and `seed` unchanged. */
export const FIT = {
  epochs: withDefault(positive, 1),
  ...CUTS,
  stepsPerEpoch: ifGiven(positive),
  initialEpoch: withDefault(count, 0),
  validationSteps: ifGiven(positive),
  validationFreq: withDefault(positive, 1),
  sampleWeight: ifGiven(sampleWeight),
  classWeight: ifGiven(classWeight),
  shuffle: withDefault(flag, true),
  seed: ifGiven(integer),
  signal: ifGiven(signal),
  onProgress: ifGiven(functionLike<FitOptions["onProgress"]>("({ loss }) => …")),
  callbacks: withDefault(checkedLater<readonly Callback[]>("a list of callbacks"), []),
  snapshotSeconds: ifGiven(nonNegative),
  resume: withDefault(flag, false),
} satisfies TableOf<FitOptions>;

/** The validated options of `fit`. */
export type FitSettings = OptionsOf<typeof FIT>;
