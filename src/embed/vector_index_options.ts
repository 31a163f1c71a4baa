/** The options and results of a VectorIndex. */
import {
  bytes,
  checkedLater,
  ifGiven,
  oneOf,
  positive,
  required,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import { dimensionKind } from "./argument_checks.ts";
import type { VectorId } from "./host_rows.ts";
import type { VectorStorage } from "./score_bounds.ts";
import { type Metric, metricKind } from "./similarity.ts";
import type { IndexMask, VectorPredicate } from "./vector_index_mask.ts";

/** Options of a VectorIndex. */
export interface VectorIndexOptions {
  /** The dimension of the vectors. */
  readonly dimension: number;
  /** Default: "cosine". */
  readonly metric?: Metric;
  /**
   * How the GPU holds vectors: "float32" (the default), or "int8", which takes a quarter of the memory and time.
   * Results are exact with both: int8 candidates are ranked again by the original vectors on the host.
   */
  readonly storage?: VectorStorage;
  /**
   * The maximum bytes of one GPU buffer, which holds at least 64 vectors; an index uses several if needed. Default: the
   * device's own limits.
   */
  readonly maxBufferBytes?: number | undefined;
}

/** The options of a VectorIndex. */
export const INDEX = {
  dimension: required(dimensionKind),
  metric: withDefault(metricKind, "cosine"),
  storage: withDefault(oneOf(["float32", "int8"]), "float32"),
  maxBufferBytes: ifGiven(bytes),
} satisfies TableOf<VectorIndexOptions>;

/** Options of `search`. */
export interface SearchOptions<M = unknown> {
  /** The number of hits per query. Default: 10. A smaller index returns all its vectors. */
  readonly k?: number;
  /** The vectors to search: a predicate, or a mask created by `index.mask`. */
  readonly filter?: VectorPredicate<M> | IndexMask;
}

/** The options of `search`. */
export const searchOptions = <M>() =>
  ({
    k: withDefault(positive, 10),
    filter: ifGiven(checkedLater<VectorPredicate<M> | IndexMask>("a function, or a mask from index.mask()")),
  }) satisfies TableOf<SearchOptions<M>>;

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
  /** The maximum file size. Default: 4 GiB. */
  readonly maxBytes?: number;
  /** As in VectorIndexOptions. */
  readonly maxBufferBytes?: number;
}

/** The options of `VectorIndex.load`. */
export const LOAD = {
  device: required(deviceKind),
  maxBytes: ifGiven(bytes),
  maxBufferBytes: ifGiven(bytes),
} satisfies TableOf<LoadIndexOptions>;
