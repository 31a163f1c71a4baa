/** Word vectors as text from a grammar: words, numbers, headers, ends of lines. */
import fc from "fast-check";
import { join } from "../../data/archives.ts";
import { type Faults, type Made, made, some } from "./made.ts";

interface Lines {
  header: string | undefined;
  rows: string[];
  end: string;
  isEnded: boolean;
  /** Put before everything. */
  start: Uint8Array;
}

const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }).map((text) => text.replace(/\s/gu, "_")),
  fc.constantFrom("the", ".", "<unk>", "\u00e9", "__proto__", "1", "0.5", "\u00a0", "\u2028", "\u{1f44d}"),
);
const number = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("0", "-0", "+.5", "1.", "1e-3", "3.4028235e38", "1e-50", "00012"),
);
const drawn = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  words: fc.uniqueArray(word, { minLength: 1, maxLength: 12 }),
  numbers: fc.array(number, { minLength: 5, maxLength: 5 }),
  hasHeader: fc.boolean(),
  end: fc.constantFrom("\n", "\r\n"),
  isEnded: fc.boolean(),
});

/** Without a header, a first line of two whole numbers would be one, and a byte order mark no part of the word. */
const whole = drawn.filter(
  ({ words: [first = ""], numbers: [number = ""], size, hasHeader }) =>
    hasHeader || !((size === 1 && /^\d+ \d+$/.test(`${first} ${number}`)) || first.startsWith("\ufeff")),
);

const row = fc.nat(100);
const inRow = (lines: Lines, at: number, edit: (text: string) => string): void => {
  const index = at % Math.max(1, lines.rows.length);
  lines.rows[index] = edit(lines.rows[index] ?? "");
};

const faults: Faults<Lines> = fc.oneof(
  fc
    .tuple(
      row,
      fc.constantFrom("nan", "inf", "1e39", "-", "", "0x10", "1_0", "\u0661", "1,5", "1e", "\0", "9".repeat(400)),
    )
    .map(
      ([at, odd]) =>
        (lines: Lines) =>
          inRow(lines, at, (text) => text.replace(/ [^ ]*$/, ` ${odd}`)),
    ),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => text.replace(/ [^ ]*$/, ""))),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => `${text} 7`)),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => text.replace(" ", "\t"))),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => text.replace(" ", "  "))),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => ` ${text}`)),
  row.map((at) => (lines: Lines) => inRow(lines, at, (text) => text + " ".repeat(70_000))),
  row.map((at) => (lines: Lines) => inRow(lines, at, () => "")),
  row.map((at) => (lines: Lines) => {
    lines.rows.push(lines.rows[at % lines.rows.length] ?? "");
  }),
  fc
    .constantFrom(
      "0 0",
      "1 0",
      "0 3",
      "3 65537",
      `${2 ** 53} 3`,
      `3 ${2 ** 53}`,
      `${"9".repeat(400)} 3`,
      "-1 3",
      "3  3",
      "3\t3",
      "1e3 3",
    )
    .map((header) => (lines: Lines) => {
      lines.header = header;
    }),
  fc.uint8Array({ maxLength: 6 }).map((start) => (lines: Lines) => {
    lines.start = start;
  }),
  fc.constantFrom("\r", "\0", "\u0085", "\n\n").map((end) => (lines: Lines) => {
    lines.end = end;
  }),
);

/** Whole files and damaged ones. */
export const wordFiles: fc.Arbitrary<Made> = fc
  .tuple(whole, some(faults))
  .map(([{ size, words, numbers, hasHeader, end, isEnded }, changes]) =>
    made(changes, (edit) => {
      const rows = words.map((each, at) =>
        [each, ...numbers.slice(0, size).map((_, n) => numbers[(at + n) % 5])].join(" "),
      );
      const header = hasHeader ? `${words.length} ${size}` : undefined;
      const lines: Lines = { header, rows, end, isEnded, start: new Uint8Array() };
      edit(lines);
      const all = lines.header === undefined ? lines.rows : [lines.header, ...lines.rows];
      const text = new TextEncoder().encode(all.join(lines.end) + (lines.isEnded ? lines.end : ""));
      return join([lines.start, text]);
    }),
  );
