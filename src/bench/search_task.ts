/** The vectors of a search and the expected result, the same for every library. */
import { Random } from "../core/random.ts";
import type { SearchSizes } from "./bench_case.ts";
import { randomTable, type Table } from "./random_data.ts";

/**
 * The number of parts that the rows are split into: 100,000 x 384 float32 exceed the buffer size of WebGPU's default
 * limits.
 */
export const PARTS = 2;

/** The vectors by part, the queries, and the rows that the first query must find, best first. */
export interface SearchTask {
  readonly parts: readonly Table[];
  readonly queries: Table;
  readonly best: readonly number[];
}

/** Cached, because Sluice and its peers search the same rows one after the other. */
let last: { readonly key: string; readonly task: SearchTask } | undefined;

/** Uniform numbers; the rows are random lines of a long table, so that no two are alike. */
export function searchTask(sizes: SearchSizes): SearchTask {
  const { rows, dimension, queries: count, k } = sizes;
  const key = JSON.stringify(sizes);
  if (last?.key === key) return last.task;
  const parts = Array.from({ length: PARTS }, (_, part) =>
    randomTable(`vectors ${part}`, [rows / PARTS, dimension], 10 + part),
  );
  // The tables repeat a block; one number of each row tells them apart.
  const random = new Random(20);
  for (const { data } of parts) for (let at = 0; at < data.length; at += dimension) data[at] = random.normal();
  const queries = randomTable("queries", [count, dimension], 30);
  const scores = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const { data } = parts[Math.floor((row * PARTS) / rows)] as Table;
    const start = (row % (rows / PARTS)) * dimension;
    let score = 0;
    for (let i = 0; i < dimension; i++) score += (data[start + i] as number) * (queries.data[i] as number);
    scores[row] = score;
  }
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  last = { key, task: { parts, queries, best: order.slice(0, k) } };
  return last.task;
}
