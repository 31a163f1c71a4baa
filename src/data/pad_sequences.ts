/** Pads rows of different lengths to a rectangle, like Keras's `pad_sequences`. */
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { expectOptions, type OptionNames, shown } from "../core/options.ts";

/** The side of a row that is padded or truncated. */
export type Side = "pre" | "post";

/** Options of `padSequences`. The defaults are Keras's. */
export interface PadOptions {
  /** T; the longest row by default. */
  readonly maxLength?: number | undefined;
  /** The side where short rows are padded; `pre` by default. */
  readonly padding?: Side;
  /** The side where long rows are truncated; `pre` by default, which keeps their end. */
  readonly truncating?: Side;
  /** The padding value; 0 by default. */
  readonly value?: number;
}

const OPTIONS: OptionNames<PadOptions> = { maxLength: true, padding: true, truncating: true, value: true };

/**
 * Pads and truncates rows of ids to int32 `[N, T]`.
 * @throws ValueError when an option or an id is not a whole number of 32 bits.
 *
 * @example
 * padSequences([[1, 2, 3], [4]], { maxLength: 2 }).data; // Int32Array [2, 3, 0, 4]
 */
export function padSequences(
  sequences: readonly (readonly number[] | Int32Array)[],
  options: PadOptions = {},
): NdArray {
  expectOptions("padSequences", options, OPTIONS);
  const { padding = "pre", truncating = "pre", value = 0 } = options;
  const wrong = sequences.findIndex((row) => typeof row?.length !== "number");
  if (wrong >= 0) {
    throw new ValueError(
      `padSequences: row ${wrong} is ${shown(sequences[wrong])}; expected rows of ids, such as [[1, 2]]`,
    );
  }
  const length = options.maxLength ?? longest(sequences);
  checkSides("padSequences", length, padding, truncating);
  checkId("padSequences", value, "value");
  const data = new Int32Array(sequences.length * length).fill(value);
  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, length);
    const from = truncating === "pre" ? sequence.length - kept : 0;
    const to = row * length + (padding === "pre" ? length - kept : 0);
    for (let step = 0; step < kept; step++) {
      const id = sequence[from + step] as number;
      if (typeof id !== "number" || (id | 0) !== id)
        checkId("padSequences", id, `element ${from + step} of row ${row}`);
      data[to + step] = id;
    }
  }
  return { shape: [sequences.length, length], data };
}

/** The length of the longest row; 0 when there is none. */
export function longest(sequences: readonly { readonly length: number }[]): number {
  return sequences.reduce((length, sequence) => Math.max(length, sequence.length), 0);
}

/** Throws a ValueError unless `length` counts something and both sides are `pre` or `post`. */
export function checkSides(what: string, length: number, padding: string, truncating: string): void {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new ValueError(`${what}: maxLength is ${length}; expected a whole number of at least 1`, {
      maxLength: length,
    });
  }
  for (const [name, side] of Object.entries({ padding, truncating })) {
    if (side !== "pre" && side !== "post") {
      throw new ValueError(`${what}: ${name} is ${JSON.stringify(side)}; expected "pre" or "post"`, { [name]: side });
    }
  }
}

/** Throws a ValueError unless `id` is a whole number of 32 bits. */
export function checkId(what: string, id: number, where: string): void {
  if (typeof id !== "number" || (id | 0) !== id) {
    throw new ValueError(`${what}: ${where} is ${shown(id)}; expected a whole number of 32 bits`, { value: id });
  }
}
