/** Validates the ids of a VectorIndex, and groups its rows. */
import { ValueError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import type { VectorId } from "./host_rows.ts";

/** The maximum number of ids of an index: V8's Map holds up to 2^24 keys. */
const MAX_IDS = 16_000_000;

/** @throws ValueError if an index would exceed its maximum number of ids. */
export function checkCount(what: string, ids: number): void {
  if (ids <= MAX_IDS) return;
  throw new ValueError(`VectorIndex.${what}: ${ids} ids; expected at most ${MAX_IDS}: use several indexes`, { ids });
}

/** The ids as a new list. @throws ValueError if one is not a string or finite number, or occurs twice. */
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
    if (seen.has(id)) throw new ValueError(`VectorIndex.${what}: the id ${shown(id)} occurs twice`, { id });
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
