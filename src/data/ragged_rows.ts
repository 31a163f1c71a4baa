/**
 * Rows of ids of different lengths, concatenated in one array. Padding is added on the GPU when a batch is assembled.
 */
import { ShapeError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { shown } from "../core/options.ts";
import { ownMemory } from "../core/own_memory.ts";
import type { Side } from "./pad_sequences.ts";

/** N rows of ids: row n is `ids[offsets[n] … offsets[n + 1] - 1]`, at most `length` long. */
export interface RaggedSequences {
  readonly kind: "ragged";
  /** All rows, concatenated. */
  readonly ids: Int32Array;
  /** Where each row starts, and the end: N + 1 elements. */
  readonly offsets: Int32Array;
  /** T, the length of a row once padded. */
  readonly length: number;
  /** The side of the padding (id 0). */
  readonly padding: Side;
  /** Set for rows without a fixed length: a model truncates them on this side, or pads them, to its input length. */
  readonly truncating?: Side;
}

const isIds = (x: object, name: string) => Reflect.get(x, name) instanceof Int32Array;

/** True for rows of ids of unequal length. */
export function isRagged(x: unknown): x is RaggedSequences {
  return (
    typeof x === "object" && x !== null && "kind" in x && x.kind === "ragged" && isIds(x, "ids") && isIds(x, "offsets")
  );
}

/** Truncates rows without a fixed length to a model's input length; others are unchanged. */
export function fitRagged(x: RaggedSequences, length: number): RaggedSequences {
  const { ids, truncating } = x;
  if (truncating === undefined) return x;
  const [own, offsets] = [ids.slice(), x.offsets.slice()];
  let end = 0;
  x.offsets.forEach((to, row) => {
    const from = x.offsets[row - 1] ?? 0;
    const kept = Math.min(to - from, length);
    const first = truncating === "pre" ? to - kept : from;
    own.set(ids.subarray(first, first + kept), end);
    end += kept;
    offsets[row] = end;
  });
  return { ...x, ids: own.subarray(0, end), offsets, length };
}

/**
 * Pads the rows with 0 to int32 `[N, T]`.
 *
 * @example
 * const { shape } = toPadded(train.x); // [25000, 500]
 */
export function toPadded(x: RaggedSequences): NdArray {
  checkRagged(x, x?.offsets?.length - 1, "toPadded");
  const size = x.offsets.length - 1;
  const data = new Int32Array(size * x.length);
  for (let row = 0; row < size; row++) {
    const start = x.offsets[row] as number;
    const end = x.offsets[row + 1] as number;
    const lead = x.padding === "pre" ? x.length - (end - start) : 0;
    data.set(x.ids.subarray(start, end), row * x.length + lead);
  }
  return { shape: [size, x.length], data };
}

/** The largest id, to check against an embedding's table; -1 when there is none. */
export function maxId(x: RaggedSequences): number {
  return x.ids.reduce((largest, id) => Math.max(largest, id), -1);
}

/** Row `index`, without padding: a view. */
export function rowOf(x: RaggedSequences, index: number): Int32Array {
  return x.ids.subarray(x.offsets[index], x.offsets[index + 1]);
}

/** The rows at `indices`, in that order. */
export function takeRaggedRows(x: RaggedSequences, indices: ArrayLike<number>): RaggedSequences {
  const offsets = new Int32Array(indices.length + 1);
  for (let row = 0; row < indices.length; row++) {
    offsets[row + 1] = (offsets[row] as number) + rowOf(x, indices[row] as number).length;
  }
  const ids = new Int32Array(offsets[indices.length] as number);
  for (let row = 0; row < indices.length; row++) ids.set(rowOf(x, indices[row] as number), offsets[row]);
  return { ...x, ids, offsets };
}

/** Copies the rows to their own memory, see `ownMemory`. @throws ValueError if their buffer is detached. */
export function ownRagged(x: RaggedSequences, what: string): RaggedSequences {
  const [ids, offsets] = [ownMemory(x.ids, what), ownMemory(x.offsets, what)];
  return ids === x.ids && offsets === x.offsets ? x : { ...x, ids, offsets };
}

/**
 * Validates rows.
 * @throws ShapeError if offsets do not divide `ids` into `size` rows of at most `length`.
 * @throws ValueError if an id is negative.
 *
 * @example
 * checkRagged(x, 25000, "fit");
 */
export function checkRagged(x: RaggedSequences, size: number, what: string): void {
  if (!isRagged(x)) throw new ValueError(`${what}: got ${shown(x)}; expected rows as created by makeRagged`);
  const { ids, offsets } = x;
  const { length } = x;
  if (!(Number.isSafeInteger(length) && length >= 0)) {
    throw new ValueError(`${what}: x.length is ${shown(length)}; expected a whole number of at least 0`, { length });
  }
  if (offsets.length !== size + 1) {
    throw new ShapeError(`${what}: x has ${offsets.length - 1} rows; expected ${size}`, {
      rows: offsets.length - 1,
      size,
    });
  }
  if (offsets[0] !== 0 || offsets[size] !== ids.length) {
    throw new ShapeError(
      `${what}: x.offsets go from ${offsets[0]} to ${offsets[size]}; expected 0 to ${ids.length}, the number of ids`,
      { first: offsets[0], last: offsets[size], ids: ids.length },
    );
  }
  for (let row = 0; row < size; row++) {
    const rowLength = (offsets[row + 1] as number) - (offsets[row] as number);
    if (rowLength < 0 || rowLength > length) {
      throw new ShapeError(`${what}: row ${row} of x has ${rowLength} ids; expected 0 to ${length}`, {
        row,
        rowLength,
        length,
      });
    }
  }
  const bad = ids.findIndex((id) => id < 0);
  if (bad >= 0) throw new ValueError(`${what}: id ${bad} of x is ${ids[bad]}; expected at least 0`, { index: bad });
}
