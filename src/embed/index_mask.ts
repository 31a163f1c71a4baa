/** Which vectors of an index a search looks at. */
import { ValueError } from "../core/errors.ts";
import type { RowStore, VectorId } from "./row_store.ts";

/** Says of a vector whether a search may find it. */
export type VectorPredicate<M> = (id: VectorId, metadata: M | undefined) => boolean;

/**
 * A filter that was worked out once, by `VectorIndex.mask`, for as many searches as you like until the index changes.
 */
export class IndexMask {
  /** The state of the index that it was made for. */
  readonly version: number;
  /** Vectors that it lets through. */
  readonly count: number;
  /** @internal Bit r % 32 of word r / 32 is row r. */
  readonly words: Int32Array;

  /** @internal Made by `VectorIndex.mask`. */
  constructor(version: number, words: Int32Array, count: number) {
    this.version = version;
    this.words = words;
    this.count = count;
  }
}

/** The mask of the rows that a predicate lets through; of all rows without one. */
export function maskOf<M>(store: RowStore<M>, version: number, predicate?: VectorPredicate<M>): IndexMask {
  const words = new Int32Array(Math.ceil(store.size / 32));
  let count = 0;
  for (let row = 0; row < store.size; row++) {
    if (predicate !== undefined && predicate(store.idOf(row), store.metadataOf(row)) !== true) continue;
    words[row >> 5] = (words[row >> 5] as number) | (1 << (row % 32));
    count++;
  }
  return new IndexMask(version, words, count);
}

/** @throws ValueError when the mask is of another state of the index. */
export function checkMask(mask: IndexMask, version: number): void {
  if (mask.version === version) return;
  throw new ValueError(
    "VectorIndex.search: the mask was made before the index last changed; make it again with index.mask()",
    { mask: mask.version, index: version },
  );
}
