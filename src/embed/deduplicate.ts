/** Finds near-duplicate vectors. */
import { finite, readOptions, readValue, required, type TableOf, withDefault } from "../core/option_table.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import { dimensionKind } from "./argument_checks.ts";
import { type Metric, metricKind } from "./similarity.ts";
import { VectorIndex } from "./vector_index.ts";
import type { SearchHit } from "./vector_index_options.ts";
import { toRows, type VectorsLike } from "./vector_rows.ts";

/** Options of `deduplicate`. */
export interface DeduplicateOptions {
  /** The dimension of the vectors. */
  readonly dimension: number;
  /**
   * The similarity from which two vectors count as duplicates; see `similarity`. With "l2" it is a negated distance.
   */
  readonly threshold: number;
  /** The metric; "cosine" by default. */
  readonly metric?: Metric;
}

const DEDUPLICATE = {
  dimension: required(dimensionKind),
  threshold: required(finite),
  metric: withDefault(metricKind, "cosine"),
} satisfies TableOf<DeduplicateOptions>;

/** The result of `deduplicate`. */
export interface Deduplicated {
  /** The indices of the vectors to keep, ascending. */
  readonly kept: readonly number[];
  /** For each vector, the index of the kept vector that it duplicates; -1 for kept vectors. */
  readonly duplicateOf: Int32Array;
}

const BATCH = 64;
const FIRST_K = 16;

/**
 * Iterates over the vectors in order and keeps each one whose similarity to every vector kept before is below
 * `threshold`. A duplicate is assigned to the nearest kept vector. The result is exact: similarities are float64.
 *
 * @throws ValueError if the threshold is not a number, or a vector is not finite; ShapeError for another width.
 * @example
 * const { kept } = await deduplicate(device, vectors, { dimension: 384, threshold: 0.95 });
 */
export async function deduplicate(
  device: Device,
  vectors: VectorsLike,
  options: DeduplicateOptions,
): Promise<Deduplicated> {
  readValue("deduplicate", "device", deviceKind, device);
  const { dimension, threshold, metric } = readOptions("deduplicate(device, vectors)", DEDUPLICATE, options);
  using index = new VectorIndex(device, { dimension, metric });
  const rows = toRows(vectors, dimension, "deduplicate");
  const count = rows.length / dimension;
  await index.add([...Array(count).keys()], rows);
  const duplicateOf = new Int32Array(count).fill(-1);
  for (let first = 0; first < count; first += BATCH) {
    const queries = rows.subarray(first * dimension, (first + BATCH) * dimension);
    for (const [at, hits] of (await allAbove(index, queries, threshold)).entries()) {
      const row = first + at;
      // Hits are sorted nearest first, and earlier rows are already decided.
      const kept = hits.find(({ id }) => (id as number) < row && duplicateOf[id as number] === -1);
      duplicateOf[row] = kept === undefined ? -1 : (kept.id as number);
    }
  }
  const kept = Array.from(duplicateOf.keys()).filter((row) => duplicateOf[row] === -1);
  return { kept, duplicateOf };
}

/** All hits with a score of at least `threshold` for each query. */
async function allAbove(index: VectorIndex, queries: Float32Array, threshold: number): Promise<SearchHit[][]> {
  const { dimension, size } = index;
  const found: SearchHit[][] = [];
  let open = Array.from({ length: queries.length / dimension }, (_, query) => query);
  for (let k = Math.min(FIRST_K, size); open.length > 0; k = Math.min(4 * k, size)) {
    const asked = open.map((query) => queries.subarray(query * dimension, (query + 1) * dimension));
    const left: number[] = [];
    for (const [at, hits] of (await index.search(asked, { k })).entries()) {
      const query = open[at] as number;
      if (k < size && (hits.at(-1)?.score ?? threshold) >= threshold) left.push(query);
      else found[query] = hits.filter(({ score }) => score >= threshold);
    }
    open = left;
  }
  return found;
}
