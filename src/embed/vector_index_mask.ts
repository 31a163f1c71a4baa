/** Which vectors of an index a search looks at. */
import { ValueError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import type { RowStore, VectorId } from "./host_rows.ts";

/** Says of a vector whether a search may find it. It is asked at once for each vector, and may not be async. */
export type VectorPredicate<M> = (id: VectorId, metadata: M | undefined) => boolean;

/** Stands for an index as it is between two changes: another object after each. */
export type IndexState = object;

/**
 * A filter that was worked out once, by `VectorIndex.mask`, for as many searches as you like until the index changes.
 */
export class IndexMask {
  /** @internal What it was made for. */
  readonly state: IndexState;
  /** Vectors that it lets through. */
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
 * The mask of the rows that a predicate lets through; of all rows without one. As in an array's `filter`, what counts
 * as true does.
 * @throws ValueError for what is no predicate, or one that is async.
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
        `VectorIndex.${call}: the filter gave a Promise; expected a boolean: a filter may not be async`,
      );
    }
    if (!answer) continue;
    words[row >> 5] = (words[row >> 5] as number) | (1 << (row % 32));
    count++;
  }
  return new IndexMask(state, words, count);
}

/** @throws ValueError if the mask is of another index, or another state of this one. */
export function checkMask(mask: IndexMask, state: IndexState): void {
  if (mask.state === state) return;
  throw new ValueError(
    "VectorIndex.search: the mask is another index's, or was made before the index last changed; make it again with " +
      "index.mask()",
  );
}
