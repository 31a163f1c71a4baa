/** Checks of a VectorIndex's options and ids. */
import { ValueError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import { checkDimension } from "./argument_checks.ts";
import type { VectorId } from "./host_rows.ts";
import type { VectorStorage } from "./score_bounds.ts";
import { checkMetric, type Metric } from "./similarity.ts";

/** @throws ValueError for an invalid dimension, metric or storage. */
export function checkKind(dimension: number, metric: Metric, storage: VectorStorage): void {
  checkDimension("VectorIndex", dimension);
  checkMetric("VectorIndex", metric);
  if (storage !== "float32" && storage !== "int8") {
    throw new ValueError(`VectorIndex: there is no storage ${shown(storage)}; expected float32 or int8`, { storage });
  }
}

/** @throws ValueError unless it is a number of bytes, or absent. */
export function checkBufferLimit(maxBufferBytes: number | undefined): void {
  if (maxBufferBytes === undefined || maxBufferBytes > 0) return;
  throw new ValueError(
    `VectorIndex: maxBufferBytes is ${shown(maxBufferBytes)}; expected a number of bytes above 0, or nothing for the ` +
      "device's own limit",
    { maxBufferBytes },
  );
}

/** The most ids of an index: a Map of V8 has room for 2^24 keys. */
const MAX_IDS = 16_000_000;

/** @throws ValueError for more ids than an index holds. */
export function checkCount(what: string, ids: number): void {
  if (ids <= MAX_IDS) return;
  throw new ValueError(`VectorIndex.${what}: ${ids} ids; expected at most ${MAX_IDS}: use several indexes`, { ids });
}

/** The ids as a new list. @throws ValueError when one is not a string or finite number, or occurs twice. */
export function listOf(what: string, ids: VectorId | readonly VectorId[]): readonly VectorId[] {
  const list: readonly VectorId[] = Array.isArray(ids) ? [...ids] : [ids as VectorId];
  checkCount(what, list.length);
  const seen = new Set<VectorId>();
  for (const id of list) {
    if (typeof id !== "string" && !(typeof id === "number" && Number.isFinite(id))) {
      throw new ValueError(`VectorIndex.${what}: ${shown(id)} is not an id; expected a string or a finite number`, {
        id,
      });
    }
    if (seen.has(id)) throw new ValueError(`VectorIndex.${what}: the id ${shown(id)} stands twice`, { id });
    seen.add(id);
  }
  return list;
}

/** Groups rows into ranges of consecutive rows. */
export function rangesOf(rows: readonly number[]): [first: number, count: number][] {
  const ranges: [number, number][] = [];
  for (const row of rows.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[0] + last[1] === row) last[1]++;
    else ranges.push([row, 1]);
  }
  return ranges;
}
