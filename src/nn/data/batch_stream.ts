/** Batches that are generated during training. */
import { isRow, isShaped } from "../../core/nd_array.ts";
import type { DataLike } from "./data_like.ts";

/** An iterable of batches. */
export type BatchIterable = Iterable<DataLike> | AsyncIterable<DataLike>;

/**
 * A stream of batches `{ x, y, sampleWeight }`: a generator, an async iterable, or a function that returns one for each
 * pass.
 */
export type BatchStream = BatchIterable | (() => BatchIterable | Promise<BatchIterable>);

/** True for a generator, an iterable or a function, but not for arrays and data sets. */
export function isStream(given: unknown): given is BatchStream {
  if (typeof given === "function") return true;
  if (typeof given !== "object" || given === null || isRow(given) || isShaped(given)) return false;
  return Symbol.asyncIterator in given || Symbol.iterator in given;
}
