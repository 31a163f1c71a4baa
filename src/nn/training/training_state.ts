/** Where a training stands, what it reports, and how it is steered. */
import { AbortError, DisposedError, NonFiniteError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import type { Variable } from "../../graph/operation.ts";
import type { CallbackStates } from "../callbacks/callback.ts";
import type { CallbackList } from "../callbacks/callback_list.ts";

/** Streams of random numbers for permutations begin here; weights and dropout use lower ones. */
const PERMUTATION_STREAM = 0x40000000;

/** Results by name: `loss`, then the metrics, then the same with `val` before them. */
export type Logs = Readonly<Record<string, number>>;

/** One epoch's results. */
export interface EpochRecord {
  /** From 1 on. */
  readonly epoch: number;
  readonly logs: Logs;
  readonly seconds: number;
}

/** Where a training stands: with the weights and the optimizer's state, all that is needed to go on exactly. */
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

/** What a progress callback learns after a step. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  /** Steps of an epoch; 0 while the length of a stream is not known. */
  readonly batches: number;
  /** Loss and metrics of the epoch so far, as last read; empty before the first reading. */
  readonly logs: Logs;
  /** 0 until enough steps were seen to tell. */
  readonly samplesPerSecond: number;
  /** Until the end of the last epoch, validation not counted; 0 until enough steps were seen to tell. */
  readonly secondsLeft: number;
  /** Set when an epoch has ended, validation included. */
  readonly ended?: EpochRecord;
}

/** A loss of the device after which a training went on. */
export interface Recovery {
  /** `"destroyed"` or `"unknown"`. */
  readonly reason: string;
  /** The steps of the model's life that were kept: those after them were taken again. */
  readonly lastStep: number;
  /** The adapter on which it went on. Another one may round differently. */
  readonly adapter: string;
}

/** What a training did on the GPU, as numbers. */
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

/** How a training is steered from outside. */
export interface RunControl {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void | Promise<void>) | undefined;
  /** Resolves at once unless the training is paused. */
  readonly whileResumed: () => Promise<void>;
  readonly isDisposed: () => boolean;
  readonly callbacks: CallbackList;
  /** What callbacks may do with the model. */
  readonly model: {
    readonly weights: readonly Variable[];
    save(directory: string): Promise<void>;
    toFiles(): Promise<ReadonlyMap<string, Uint8Array>>;
  };
}

/**
 * The order of the rows in a pass over them: a pure function of the seed and of the step at which the pass began, so
 * that it need not be saved, and a second `fit` shuffles anew. Without these, their own order.
 */
export function rowOrder(
  size: number,
  shuffled: { readonly seed: number; readonly began: number } | undefined,
): Int32Array {
  if (shuffled === undefined) return Int32Array.from({ length: size }, (_, index) => index);
  return new Random(shuffled.seed, PERMUTATION_STREAM + shuffled.began).permutation(size);
}

/** @throws NonFiniteError when a step's status is not 0; it names the step, from which on nothing has changed. */
export function expectFinite(what: string, status: number): void {
  if (status === 0) return;
  throw new NonFiniteError(
    `${what}: the loss, a gradient or a weight stopped being finite at step ${status} of this model's training; the weights from before that step are kept. Lower the learning rate, clip the gradients (globalClipnorm: 1), or look for extreme values in the data.`,
    { step: status, lastStep: status - 1 },
  );
}

/** @throws DisposedError or AbortError when the run is to end before its next step. */
export function stopIfAsked({ signal, isDisposed }: Pick<RunControl, "signal" | "isDisposed">, what: string): void {
  if (isDisposed()) throw new DisposedError(`${what}: the model was disposed meanwhile; it stopped at a whole step`);
  if (signal?.aborted === true) {
    throw new AbortError(`${what}: stopped by its AbortSignal, at a whole step`, { reason: signal.reason });
  }
}
