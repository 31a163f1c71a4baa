/** Filters the vectors that a search considers. */
import { ValueError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import type { RowStore, VectorId } from "./host_rows.ts";

/** Returns whether a search may return a vector. It is called synchronously for every vector and must not be async. */
export type VectorPredicate<M> = (id: VectorId, metadata: M | undefined) => boolean;

/** Identifies the state of an index: a new object after each change. */
export type IndexState = object;

/** A filter that `VectorIndex.mask` has evaluated once, for any number of searches until the index changes. */
export class IndexMask {
  /** @internal The state of the index that it is valid for. */
  readonly state: IndexState;
  /** The number of vectors that it accepts. */
  readonly count: number;
  /** @internal Bit r % 32 of word r / 32 is row r. */
  readonly words: Int32Array;

  /** @internal Made by `VectorIndex.mask`. */
  constructor(state: IndexState, words: Int32Array, count: number) {
    this.state = state;
    this.words = words;
    this.count = count;
  }
}

/**
 * The mask of the rows that a predicate accepts; all rows without one. As in `Array.prototype.filter`, any truthy
 * result accepts.
 * @throws ValueError if the predicate is not a function, or is async.
 */
export function maskOf<M>(
  call: string,
  store: RowStore<M>,
  state: IndexState,
  predicate?: VectorPredicate<M>,
): IndexMask {
  if (predicate !== undefined && typeof predicate !== "function") {
    throw new ValueError(
      `VectorIndex.${call}: the filter is ${shown(predicate)}; expected (id, metadata) => boolean, or what ` +
        "index.mask() gives",
    );
  }
  const words = new Int32Array(Math.ceil(store.size / 32));
  let count = 0;
  for (let row = 0; row < store.size; row++) {
    const answer: unknown = predicate === undefined || predicate(store.idOf(row), store.metadataOf(row));
    if (answer instanceof Promise) {
      throw new ValueError(
        `VectorIndex.${call}: the filter returned a Promise; expected a boolean: filters must not be async`,
      );
    }
    if (!answer) continue;
    words[row >> 5] = (words[row >> 5] as number) | (1 << (row % 32));
    count++;
  }
  return new IndexMask(state, words, count);
}

/** @throws ValueError if the mask belongs to another index or an earlier state of this one. */
export function checkMask(mask: IndexMask, state: IndexState): void {
  if (mask.state === state) return;
  throw new ValueError(
    "VectorIndex.search: the mask belongs to another index, or the index has changed since; create it again with " +
      "index.mask()",
  );
}
