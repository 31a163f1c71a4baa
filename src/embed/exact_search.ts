/**
 * Finds the exact best rows for queries. The GPU selects candidates by float32 scores; the host scores them again in
 * float64, and accepts them only if no other row can be among the best. Otherwise it requests more candidates.
 */
import { compareIds, type RowStore } from "./host_rows.ts";
import { MOST_QUERIES } from "./row_shards.ts";
import { type ErrorBound, orderScore } from "./score_bounds.ts";
import type { Candidates, SearchPrograms } from "./search_programs.ts";
import { type Metric, norm, similarity } from "./similarity.ts";

/** Extra candidates, so that the first attempt usually suffices. */
const SPARE = 16;
/** The factor by which the number of candidates grows with each attempt. */
const GROWTH = 4;
/** With more candidates than this the host scores every row, which takes no longer. */
const MOST_CANDIDATES = 4096;

/** The searched rows. */
export interface Searched {
  readonly store: RowStore<unknown>;
  readonly programs: SearchPrograms;
  readonly bound: ErrorBound;
  readonly metric: Metric;
  /** The mask of the rows to search: bit r % 32 of word r / 32 is row r. */
  readonly mask: Int32Array;
}

/** A row and its float64 similarity. */
export interface RankedRow {
  readonly row: number;
  readonly score: number;
}

/** The k best rows in the mask for each query, best first, ties by id; fewer if the mask has fewer. */
export async function searchExactly(searched: Searched, queries: Float32Array, k: number): Promise<RankedRow[][]> {
  const { dimension, size } = searched.store;
  const queryAt = (index: number) => queries.subarray(index * dimension, (index + 1) * dimension);
  const results: RankedRow[][] = Array.from({ length: queries.length / dimension }, () => []);
  let open = [...results.keys()];
  for (let count = 2 ** Math.ceil(Math.log2(k + SPARE)); open.length > 0; count *= GROWTH) {
    if (count >= size || count > MOST_CANDIDATES) {
      for (const index of open) results[index] = rankAll(searched, queryAt(index), k);
      break;
    }
    const left: number[] = [];
    for (let first = 0; first < open.length; first += MOST_QUERIES) {
      const batch = open.slice(first, first + MOST_QUERIES);
      const rows = new Float32Array(batch.length * dimension);
      for (const [at, index] of batch.entries()) rows.set(queryAt(index), at * dimension);
      const found = await searched.programs.search(rows, count, searched.mask);
      for (const [at, index] of batch.entries()) {
        const ranked = rankCandidates(searched, queryAt(index), k, found[at] as Candidates);
        if (ranked === undefined) left.push(index);
        else results[index] = ranked;
      }
    }
    open = left;
  }
  return results;
}

/** The best of the candidates; undefined if another row might be better than one of them. */
function rankCandidates(
  { store, metric, bound }: Searched,
  query: Float32Array,
  k: number,
  { rows, highestLeft }: Candidates,
): RankedRow[] | undefined {
  const best = rank(store, metric, query, rows).slice(0, k);
  if (highestLeft === Number.NEGATIVE_INFINITY) return best;
  const last = best[k - 1];
  if (last === undefined) return undefined;
  const queryNorm = norm(query);
  const surest = highestLeft + bound.of(queryNorm, store.dimension);
  return orderScore(metric, last.score, queryNorm) > surest ? best : undefined;
}

/** Scores every row in the mask on the host. */
function rankAll({ store, metric, mask }: Searched, query: Float32Array, k: number): RankedRow[] {
  const rows: number[] = [];
  for (let row = 0; row < store.size; row++) {
    if ((((mask[row >> 5] as number) >>> (row % 32)) & 1) === 1) rows.push(row);
  }
  return rank(store, metric, query, rows).slice(0, k);
}

function rank(store: RowStore<unknown>, metric: Metric, query: Float32Array, rows: readonly number[]): RankedRow[] {
  return rows
    .map((row) => ({ row, score: similarity(metric, query, store.vectors(row)) }))
    .sort((a, b) => b.score - a.score || compareIds(store.idOf(a.row), store.idOf(b.row)));
}
