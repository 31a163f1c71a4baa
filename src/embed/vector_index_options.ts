/** What a VectorIndex takes and gives. */
import type { OptionNames } from "../core/options.ts";
import type { Device } from "../runtime/device.ts";
import type { VectorId } from "./host_rows.ts";
import type { VectorStorage } from "./score_bounds.ts";
import type { Metric } from "./similarity.ts";
import type { IndexMask, VectorPredicate } from "./vector_index_mask.ts";

/** Options of a VectorIndex. */
export interface VectorIndexOptions {
  /** Numbers of a vector. */
  readonly dimension: number;
  /** "cosine" when absent. */
  readonly metric?: Metric;
  /**
   * How the GPU holds vectors: "float32" (the default), or "int8", which takes a quarter of its memory and time.
   * Results are exact with both: what int8 finds is ranked again by the vectors themselves, which the host keeps.
   */
  readonly storage?: VectorStorage;
  /**
   * The most bytes of one GPU buffer, which holds 64 vectors at least; an index grows over several. The device's own
   * limits when absent.
   */
  readonly maxBufferBytes?: number;
}

/** The names of VectorIndexOptions. */
export const INDEX_OPTIONS: OptionNames<VectorIndexOptions> = {
  dimension: true,
  metric: true,
  storage: true,
  maxBufferBytes: true,
};

/** Options of `search`. */
export interface SearchOptions<M = unknown> {
  /** How many to find for each query; 10 when absent. An index with fewer gives all it has. */
  readonly k?: number;
  /** Which vectors count: a predicate, or a mask made with `index.mask`. */
  readonly filter?: VectorPredicate<M> | IndexMask;
}

/** The names of SearchOptions. */
export const SEARCH_OPTIONS: OptionNames<SearchOptions> = { k: true, filter: true };

/** A vector that a search found. */
export interface SearchHit<M = unknown> {
  readonly id: VectorId;
  /** The similarity by the index's metric, in float64; larger is nearer. */
  readonly score: number;
  readonly metadata: M | undefined;
}

/** A vector of an index. */
export interface IndexEntry<M = unknown> {
  readonly id: VectorId;
  readonly vector: Float32Array;
  readonly metadata: M | undefined;
}

/** Options of `VectorIndex.load`. */
export interface LoadIndexOptions {
  readonly device: Device;
  /** A longer file is refused; 4 GiB when absent. */
  readonly maxBytes?: number;
  /** As in VectorIndexOptions. */
  readonly maxBufferBytes?: number;
}

/** The names of LoadIndexOptions. */
export const LOAD_OPTIONS: OptionNames<LoadIndexOptions> = { device: true, maxBytes: true, maxBufferBytes: true };
