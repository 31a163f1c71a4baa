/** What a VectorIndex asks of its options and of ids. */
import { ValueError } from "../core/errors.ts";
import type { VectorId } from "./row_store.ts";
import type { VectorStorage } from "./row_terms.ts";
import { METRICS, type Metric } from "./similarity.ts";

const MOST_DIMENSIONS = 65536;

/** @throws ValueError for a dimension, metric or storage that is none. */
export function checkOptions(dimension: number, metric: Metric, storage: VectorStorage): void {
  if (!(Number.isSafeInteger(dimension) && dimension >= 1 && dimension <= MOST_DIMENSIONS)) {
    throw new ValueError(
      `VectorIndex: the dimension is ${dimension}; expected a whole number from 1 to ${MOST_DIMENSIONS}`,
    );
  }
  if (!METRICS.includes(metric)) {
    throw new ValueError(`VectorIndex: there is no metric ${show(metric)}; expected ${METRICS.join(", ")}`, { metric });
  }
  if (storage !== "float32" && storage !== "int8") {
    throw new ValueError(`VectorIndex: there is no storage ${show(storage)}; expected float32 or int8`, { storage });
  }
}

/** @throws ValueError when an id is no text or finite number, or stands twice. */
export function listOf(what: string, ids: VectorId | readonly VectorId[]): readonly VectorId[] {
  const list: readonly VectorId[] = Array.isArray(ids) ? ids : [ids as VectorId];
  const seen = new Set<VectorId>();
  for (const id of list) {
    if (typeof id !== "string" && !(typeof id === "number" && Number.isFinite(id))) {
      throw new ValueError(`VectorIndex.${what}: ${show(id)} is no id; expected a text or a finite number`, { id });
    }
    if (seen.has(id)) throw new ValueError(`VectorIndex.${what}: the id ${show(id)} stands twice`, { id });
    seen.add(id);
  }
  return list;
}

/** Rows as ranges of neighbours. */
export function rangesOf(rows: readonly number[]): [first: number, count: number][] {
  const ranges: [number, number][] = [];
  for (const row of rows.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === row) last[1]++;
    else ranges.push([row, 1]);
  }
  return ranges;
}

/** A value for a message. */
export function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : String(value);
}
