/** Pads rows of different lengths to a rectangle, like Keras's `pad_sequences`. */
import { allocate, type TypedNumbers } from "../core/dtype.ts";
import { ShapeError, ValueError } from "../core/errors.ts";
import { isRow, type NdArray } from "../core/nd_array.ts";
import {
  finite,
  ifGiven,
  int32,
  oneOf,
  readOptions,
  readValue,
  size as sizeKind,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";

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
  /** `int32` for ids, by default; `float32` for measured values. */
  readonly dtype?: "int32" | "float32";
}

const side = oneOf(["pre", "post"]);

/** The option table of padding and truncation. */
export const SIDES = {
  maxLength: ifGiven(sizeKind),
  padding: withDefault(side, "pre"),
  truncating: withDefault(side, "pre"),
};

const PAD = {
  ...SIDES,
  value: withDefault(finite, 0),
  dtype: withDefault(oneOf(["int32", "float32"]), "int32"),
} satisfies TableOf<PadOptions>;

/** A row of ids, values or vectors of equal size. */
export type Sequence = readonly number[] | TypedNumbers | readonly (readonly number[] | TypedNumbers)[];

/**
 * Pads and truncates rows of different lengths: rows of numbers to `[N, T]`, rows of vectors to `[N, T, F]`.
 * @throws ValueError if an option is out of range, an element is not a number, or, for `int32`, not a whole number of
 * 32 bits.
 * @throws ShapeError if vectors differ in size.
 *
 * @example
 * padSequences([[1, 2, 3], [4]], { maxLength: 2 }).data; // Int32Array [2, 3, 0, 4]
 * padSequences([[[0.5, 1], [2, 3]], [[4, 5]]], { dtype: "float32" }).shape; // [2, 2, 2]
 */
export function padSequences(sequences: readonly Sequence[], options: PadOptions = {}): NdArray {
  const { maxLength, padding, truncating, value, dtype } = readOptions("padSequences(rows)", PAD, options);
  const length = lengthOf("padSequences", sequences, maxLength);
  if (dtype === "int32") checkId("padSequences", value, "value");
  const first = sequences.find((row) => row.length > 0)?.[0];
  const isVector = isRow(first);
  const size = isVector ? first.length : 1;
  const data = allocate(dtype, sequences.length * length * size).fill(value);
  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, length);
    const from = truncating === "pre" ? sequence.length - kept : 0;
    const to = row * length + (padding === "pre" ? length - kept : 0);
    for (let step = 0; step < kept; step++) {
      const element = sequence[from + step];
      const parts = isRow(element) ? element : undefined;
      if ((parts !== undefined) !== isVector || (parts !== undefined && parts.length !== size)) {
        throw new ShapeError(
          `padSequences: element ${from + step} of row ${row} is ${shown(element)}; expected ` +
            `${isVector ? `a vector of ${size}` : "a number"}, as before it`,
        );
      }
      for (let part = 0; part < size; part++) {
        const number = parts === undefined ? element : parts[part];
        if (typeof number !== "number" || (dtype === "int32" && (number | 0) !== number)) {
          throw new ValueError(
            `padSequences: element ${from + step} of row ${row} is ${shown(element)}; expected ` +
              (dtype === "float32" ? "numbers" : 'whole numbers of 32 bits, or the option dtype: "float32"'),
            { row, step: from + step },
          );
        }
        data[(to + step) * size + part] = number;
      }
    }
  }
  return { shape: [sequences.length, length, ...(isVector ? [size] : [])], data };
}

const EXPECTED = "expected rows of numbers, such as [[1, 2], [3]]";

/** The maximum number of elements of an array. */
const MOST_ELEMENTS = 2 ** 32;

/** `maxLength`, or the longest row's length. @throws ValueError if rows are not lists, or too long for an array. */
export function lengthOf(what: string, rows: readonly Sequence[], maxLength: number | undefined): number {
  if (!Array.isArray(rows)) throw new ValueError(`${what}: got ${shown(rows)}; ${EXPECTED}`);
  const wrong = rows.findIndex((row) => !isRow(row));
  if (wrong >= 0) throw new ValueError(`${what}: row ${wrong} is ${shown(rows[wrong])}; ${EXPECTED}`);
  const length = maxLength ?? rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  if (rows.length * length < MOST_ELEMENTS) return length;
  throw new ValueError(
    `${what}: ${rows.length} rows of ${length} exceed the size of an array; give a smaller maxLength`,
  );
}

/** Throws a ValueError unless `id` is a whole number of 32 bits. */
export function checkId(what: string, id: number, where: string): void {
  readValue(what, where, int32, id);
}
