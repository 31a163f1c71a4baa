/** The source of a run's batches: a part of the step's graph, and the feeds of each run. */
import type { NdArray } from "../../core/nd_array.ts";
import type { Value } from "../../graph/operation.ts";

/** A batch in the graph of a step. */
export interface Batch {
  /** One value per input of the model. */
  readonly xs: readonly Value[];
  /** Targets and weights, one entry per output; undefined if the output has none. */
  readonly ys: readonly (Value | undefined)[];
  readonly weights: readonly (Value | undefined)[];
}

/** A batch in the graph of one step. `At` identifies the examples of a run. */
export interface OpenBatch<At> {
  /** The rows `[from, from + count)` of the batch. */
  rows(from: number, count: number): Batch;
  /** The graph inputs that a run must feed. */
  readonly inputs: readonly Value[];
  /** The feeds of a step. */
  feeds(at: At): Iterable<readonly [Value, NdArray]>;
}

/** Creates batches of any size. */
export interface BatchSource<At> {
  /** The graph inputs of a step with `batchSize` rows, and their feeds. */
  open(batchSize: number): OpenBatch<At>;
}
