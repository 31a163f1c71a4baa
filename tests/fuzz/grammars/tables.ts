/** Tables from grammars: a series as CSV, and labelled texts as CSV or JSON lines. */
import fc from "fast-check";
import { type Faults, type Made, made, some } from "./made.ts";

interface Table {
  rows: string[][];
  delimiter: string;
  end: string;
  start: string;
  /** Fields that are written as they are. */
  isRaw: boolean;
}

const deep = (levels: number, open: string, close: string): string => `${open.repeat(levels)}1${close.repeat(levels)}`;
const odd = fc.constantFrom(
  ...["", " ", '"', '""', '"a', 'a"b', "\0", "\u001b[2J", "\ufeff", "nan", "1e999", "-", "0x10", "\u0661", "__proto__"],
  ...["=cmd()", "a\nb", "a\r\nb", ",", ";", "\t", "a".repeat(70_000), "\ud800", "1".repeat(400), "2020-13-99"],
);
const place = fc.nat(1000);

const faults: Faults<Table> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(place, place, odd).map(([a, b, value]) => ({ rows }: Table) => {
      const row = rows[a % rows.length] ?? [];
      if (row.length > 0) row[b % row.length] = value;
    }),
  },
  fc.tuple(place, odd).map(([a, value]) => ({ rows }: Table) => {
    rows[a % rows.length]?.push(value);
  }),
  place.map((a) => ({ rows }: Table) => {
    rows[a % rows.length]?.pop();
  }),
  place.map((a) => ({ rows }: Table) => {
    rows.splice(a % rows.length, 1);
  }),
  place.map((a) => ({ rows }: Table) => {
    rows.push([...(rows[a % rows.length] ?? [])]);
  }),
  // Every column has one name.
  fc.constant(({ rows }: Table) => {
    rows[0]?.fill("price");
  }),
  fc.constantFrom(1_000, 20_000).map((count) => ({ rows }: Table) => {
    rows[0] = [...(rows[0] ?? []), ...Array<string>(count).fill("x")];
  }),
  fc.constantFrom("\r", "\0", "\u2028").map((end) => (table: Table) => {
    table.end = end;
  }),
  fc.constantFrom("\ufeff", "\u001f\u008b", "#", '"', "{", "[", "\n\n\n").map((start) => (table: Table) => {
    table.start = start;
  }),
  fc.constant((table: Table) => {
    table.isRaw = true;
  }),
);

function write({ rows, delimiter, end, start, isRaw }: Table): Uint8Array {
  const field = (text: string) => (!isRaw && /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return new TextEncoder().encode(start + rows.map((row) => row.map(field).join(delimiter)).join(end));
}

/** A series: date, price and more; whole and damaged. */
export const seriesFiles: fc.Arbitrary<Made> = fc
  .tuple(
    fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), { minLength: 2, maxLength: 30 }),
    fc.constantFrom(",", ";", "\t"),
    fc.constantFrom("\n", "\r\n"),
    some(faults),
  )
  .map(([values, delimiter, end, changes]) =>
    made(changes, (edit) => {
      const day = (at: number) => new Date(Date.UTC(2020, 0, 1 + at)).toISOString().slice(0, 10);
      const rows = [["date", "price", "note"], ...values.map((value, at) => [day(at), String(value), `a "b", ${at}`])];
      const table: Table = { rows, delimiter, end, start: "", isRaw: false };
      edit(table);
      return write(table);
    }),
  );

const texts = Array.from({ length: 24 }, (_, at) => [`a text, with "${at}" in it`, String(at % 2)] as const);

/** Texts and labels as CSV, whole and damaged. */
export const labelledTables: fc.Arbitrary<Made> = fc
  .tuple(fc.constantFrom("\n", "\r\n"), fc.boolean(), some(faults))
  .map(([end, isHeaded, changes]) =>
    made(changes, (edit) => {
      const rows = [...(isHeaded ? [["text", "label"]] : []), ...texts.map((row) => [...row])];
      const table: Table = { rows, delimiter: ",", end, start: "", isRaw: false };
      edit(table);
      return write(table);
    }),
  );

const oddLine = fc.constantFrom(
  ...["", "null", "7", '"a"', "[]", "{}", "{", '{"text":1,"label":0}', '{"text":"a"}', '{"text":"a","label":[[1]]}'],
  ...['{"text":"a","text":"b","label":0}', '{"__proto__":{"text":"a"},"label":1}', '{"text":"\\ud800","label":1e999}'],
  ...[
    deep(100_000, "[", "]"),
    deep(100_000, '{"a":', "}"),
    `{"text":"a","label":${deep(5_000, "[", "]")}}`,
    "\0",
    "\u0085",
  ],
);

const oddLines: Faults<string[]> = fc.tuple(place, oddLine).map(([at, line]) => (lines: string[]) => {
  lines[at % lines.length] = line;
});

/** The same as JSON lines. */
export const labelledLines: fc.Arbitrary<Made> = fc
  .tuple(fc.constantFrom("\n", "\r\n"), some(oddLines))
  .map(([end, changes]) =>
    made(changes, (edit) => {
      const lines = texts.map(([text, label]) => JSON.stringify({ text, label: Number(label) }));
      edit(lines);
      return new TextEncoder().encode(lines.join(end));
    }),
  );
