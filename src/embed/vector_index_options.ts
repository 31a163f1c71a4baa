/** What a VectorIndex takes and gives. */
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
  /** Numbers of a vector. */
  readonly dimension: number;
  /** Default: "cosine". */
  readonly metric?: Metric;
  /**
   * How the GPU holds vectors: "float32" (the default), or "int8", which takes a quarter of its memory and time.
   * Results are exact with both: what int8 finds is ranked again by the vectors themselves, which the host keeps.
   */
  readonly storage?: VectorStorage;
  /**
   * The most bytes of one GPU buffer, which holds 64 vectors at least; an index grows over several. Default: the
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
  /** How many to find for each query. Default: 10. An index with fewer gives all it has. */
  readonly k?: number;
  /** Which vectors count: a predicate, or a mask made with `index.mask`. */
  readonly filter?: VectorPredicate<M> | IndexMask;
}

/** The options of `search`. */
export const searchOptions = <M>() =>
  ({
    k: withDefault(positive, 10),
    filter: ifGiven(checkedLater<VectorPredicate<M> | IndexMask>("a function, or what index.mask() gives")),
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
  /** A longer file is refused. Default: 4 GiB. */
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
