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
  /** 1 when absent. */
  readonly epochs?: number;
  /** 32 when absent. */
  readonly batchSize?: number | undefined;
  /**
   * Rows that go through the model at once; their gradients add up over the batch, so that memory is that of so many
   * rows. `batchSize` when absent, or where that passes a limit of the device the largest half, quarter, … of it that
   * does not. Models whose layers keep statistics of whole batches take their batches whole.
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
  readonly seed?: number | undefined;
  /**
   * Stops at a whole step: `fit` rejects with an AbortError, and `resume` can go on. A promise of a callback that does
   * not settle within 250 ms is given up. If the GPU does not end the step at hand within 2 s and twice a step's time,
   * the model is as of the last snapshot.
   */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step. Loss and metrics in it are read from the GPU only now and then. */
  readonly onProgress?: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Called in this order at each hook; what they keep is part of a saved training. */
  readonly callbacks?: readonly Callback[];
  /**
   * Seconds between two snapshots within an epoch, from which the run goes on by itself after a loss of the device; one
   * is taken at the end of each epoch in any case. 30 when absent, or more where they would take over 1% of the time; 0
   * for one after every step.
   */
  readonly snapshotSeconds?: number | undefined;
  /**
   * Go on where an earlier `fit` stopped (in this session, or in the one that saved the model), with that fit's epochs,
   * batch size and seed.
   */
  readonly resume?: boolean;
}

/** How much each example counts; `prepareData` checks it against the data. */
export const sampleWeight = checkedLater<TargetsLike>("a weight ≥ 0 for each example");

/** How much examples of each class count; checked against the data likewise. */
export const classWeight = checkedLater<ClassWeight>("weights by class: { 0: 1, 1: 5 }");

/** What `fit` and `memory` have in common. */
export const CUTS = {
  batchSize: ifGiven(positive),
  microBatchSize: ifGiven(positive),
  validationData: ifGiven(checkedLater<DataLike | BatchStream>("data")),
  validationBatchSize: ifGiven(positive),
  validationSplit: withDefault(rate, 0),
};

/** The options of `fit`. A checkpoint keeps `shuffle`, `resume` and `seed` as they are. */
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

/** The options of `fit`, read. */
export type FitSettings = OptionsOf<typeof FIT>;
