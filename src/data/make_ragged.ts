/** Packs rows of ids into one array. A page that only predicts does without, unless it encodes text. */
import { readOptions } from "../core/option_table.ts";
import { checkId, lengthOf, type PadOptions, SIDES } from "./pad_sequences.ts";
import type { RaggedSequences } from "./ragged_rows.ts";

/** How rows of ids are cut and padded, as in `padSequences`. */
export type RaggedOptions = Pick<PadOptions, "maxLength" | "padding" | "truncating">;

/**
 * Packs rows of ids, each truncated to `maxLength`. The defaults are Keras's.
 * @throws ValueError if an option or an id is not a whole number in range.
 *
 * @example
 * const x = makeRagged([[5, 6], [7]], { maxLength: 4 });
 * toPadded(x).data; // Int32Array [0, 0, 5, 6, 0, 0, 0, 7]
 */
export function makeRagged(
  sequences: readonly (readonly number[] | Int32Array)[],
  options: RaggedOptions = {},
): RaggedSequences {
  const { padding, truncating, maxLength } = readOptions("makeRagged(rows)", SIDES, options);
  const length = lengthOf("makeRagged", sequences, maxLength);
  const offsets = new Int32Array(sequences.length + 1);
  for (const [row, sequence] of sequences.entries()) {
    offsets[row + 1] = (offsets[row] as number) + Math.min(sequence.length, length);
  }
  const ids = new Int32Array(offsets[sequences.length] as number);
  for (const [row, sequence] of sequences.entries()) {
    const start = offsets[row] as number;
    const kept = (offsets[row + 1] as number) - start;
    const from = truncating === "pre" ? sequence.length - kept : 0;
    for (let step = 0; step < kept; step++) {
      const id = sequence[from + step] as number;
      if (typeof id !== "number" || (id | 0) !== id) checkId("makeRagged", id, `element ${from + step} of row ${row}`);
      ids[start + step] = id;
    }
  }
  return { kind: "ragged", ids, offsets, length, padding };
}

/**
 * Packs the rows of an encoder. Without `maxLength` they have no length of their own: a model cuts or pads them to what
 * it reads.
 */
export function encodedRows(sequences: readonly (readonly number[])[], options: RaggedOptions) {
  const { maxLength, truncating = "pre" } = options;
  const rows = makeRagged(sequences, options);
  return maxLength === undefined ? { ...rows, truncating } : rows;
}
