/** The validated examples of a run on the host: data for every input, and targets for every output. */
import type { NdArray } from "../../core/nd_array.ts";
import { ownMemory } from "../../core/own_memory.ts";
import { sizeOf } from "../../core/shape.ts";
import { ownRagged, type RaggedSequences, takeRaggedRows, toPadded } from "../../data/ragged_rows.ts";

/** One input's rows. */
export type Column = NdArray | RaggedSequences;

/** Validated examples. */
export interface Examples {
  readonly size: number;
  /** One column per input. */
  readonly xs: readonly Column[];
  /** One array per output; undefined if the output has neither loss nor metric. */
  readonly ys: readonly (NdArray | undefined)[];
  /** The weights of examples or timesteps for each output; undefined if all are equal. */
  readonly weights: readonly (NdArray | undefined)[];
}

/** The number of rows of a column. */
export function sizeOfColumn(column: Column): number {
  return "kind" in column ? column.offsets.length - 1 : (column.shape[0] ?? 0);
}

const range = (start: number, count: number): number[] => Array.from({ length: count }, (_, index) => start + index);

/** Rows `start … start + count` as a padded array. */
export function rowsOf(column: Column, start: number, count: number): NdArray {
  return "kind" in column ? toPadded(raggedRows(column, start, count)) : arrayRows(column, start, count);
}

// The data was validated before, but the caller may have transferred its buffer since.
const WHAT = "the examples";

function arrayRows({ shape, data }: NdArray, start: number, count: number): NdArray {
  const width = sizeOf(shape.slice(1));
  const all = ownMemory(data, WHAT, sizeOf(shape));
  return { shape: [count, ...shape.slice(1)], data: all.subarray(start * width, (start + count) * width) };
}

function raggedRows(column: RaggedSequences, start: number, count: number): RaggedSequences {
  return takeRaggedRows(ownRagged(column, WHAT), range(start, count));
}

/** The examples `[from, to)`. */
export function partOf({ xs, ys, weights }: Examples, from: number, to: number): Examples {
  const size = to - from;
  return {
    size,
    xs: xs.map((x) => ("kind" in x ? raggedRows(x, from, size) : arrayRows(x, from, size))),
    ys: ys.map((y) => y && arrayRows(y, from, size)),
    weights: weights.map((weight) => weight && arrayRows(weight, from, size)),
  };
}
