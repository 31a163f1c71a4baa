/** Where the steps of a run get their batches: a part of the step's graph, and what each run of it is fed. */
import type { NdArray } from "../../core/nd_array.ts";
import type { Value } from "../../graph/operation.ts";

/** A batch as the graph of a step sees it. */
export interface Batch {
  /** One for each input of the model. */
  readonly xs: readonly Value[];
  /** Targets and weights, one for each output; undefined where there are none. */
  readonly ys: readonly (Value | undefined)[];
  readonly weights: readonly (Value | undefined)[];
}

/** A batch in the graph of one step. `At` says which examples a run takes. */
export interface OpenBatch<At> {
  /** So many rows of the batch, from one on. */
  rows(from: number, count: number): Batch;
  /** What a run must be fed. */
  readonly inputs: readonly Value[];
  /** What a step reads of a batch. */
  feeds(at: At): Iterable<readonly [Value, NdArray]>;
}

/** Makes batches of any size. */
export interface BatchSource<At> {
  /** The inputs of a step of so many rows, and how they are fed. */
  open(batchSize: number): OpenBatch<At>;
}
