/**
 * The visitor's own table of texts and labels, as CSV, TSV or JSON lines; what is wrong with it is said by its line.
 */
import { FormatError } from "sluice";

/** One labelled text. */
export interface LabelledText {
  readonly text: string;
  readonly label: 0 | 1;
}

interface Row extends LabelledText {
  readonly line: number;
}

const MOST_BYTES = 200e6;
/** With fewer there is nothing to hold out. */
const FEWEST_ROWS = 20;

const LABELS: ReadonlyMap<string, 0 | 1> = new Map([
  ...["1", "1.0", "positive", "pos", "praise", "true", "yes", "good"].map((name) => [name, 1] as const),
  ...["0", "0.0", "-1", "negative", "neg", "blame", "false", "no", "bad"].map((name) => [name, 0] as const),
]);
const TEXT_NAMES = ["text", "review", "sentence", "content"];
const LABEL_NAMES = ["label", "sentiment", "class", "target"];

/** A value of the file in a message: short, and on one line. */
function show(value: unknown): string {
  const text = typeof value === "object" && value !== null ? "an array or an object" : String(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * Reads a file of texts and labels. Texts that occur twice are kept once, so that none is on both sides of a split.
 * @throws FormatError naming file and line when a row is not a text with a label of two kinds.
 */
export async function readTable(file: File): Promise<LabelledText[]> {
  const { name, size } = file;
  if (size > MOST_BYTES) {
    throw new FormatError(
      `${name} has ${Math.round(size / 1e6)} MB; expected a table of at most ${MOST_BYTES / 1e6} MB`,
    );
  }
  const text = decode(name, new Uint8Array(await file.arrayBuffer()));
  const isJson = /\.(jsonl|ndjson|json)$/i.test(name) || text.trimStart().startsWith("{");
  const rows = isJson ? jsonRows(name, text) : await csvRows(name, text);
  const distinct = [...new Map(rows.map((row) => [row.text, row])).values()];
  const counted = (count: number, kind: string): string => `${count} ${kind} ${count === 1 ? "text" : "texts"}`;
  if (distinct.length < FEWEST_ROWS) {
    throw new FormatError(`${name} has ${counted(distinct.length, "different")}; expected at least ${FEWEST_ROWS}`);
  }
  for (const label of [0, 1] as const) {
    const count = distinct.filter((row) => row.label === label).length;
    if (count >= FEWEST_ROWS / 4) continue;
    const kind = label === 1 ? "positive" : "negative";
    throw new FormatError(`${name} has ${counted(count, kind)}; expected at least ${FEWEST_ROWS / 4} of either kind`);
  }
  return distinct.map((row) => ({ text: row.text, label: row.label }));
}

function decode(name: string, bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new FormatError(
      `${name} is a gzip archive; expected a table of text. The archive of film reviews ends in .tar.gz`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Pictures and archives may pass for UTF-8, but have bytes of zero.
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw new FormatError(`${name} is not text in UTF-8; expected a table of text,label, saved as CSV or JSON lines`);
}

const labelOf = (value: unknown): 0 | 1 | undefined => LABELS.get(String(value).trim().toLowerCase());
const isLabel = (value: unknown): boolean => labelOf(value) !== undefined;

function rowOf(name: string, line: number, text: unknown, label: unknown): Row {
  if (typeof text !== "string" || text.trim() === "") {
    throw new FormatError(`${name}, line ${line}: the text is ${show(text)}; expected words`, { line });
  }
  const known = labelOf(label);
  if (known === undefined) {
    throw new FormatError(`${name}, line ${line}: the label is ${show(label)}; expected 0 or 1, negative or positive`, {
      line,
    });
  }
  return { text: text.trim(), label: known, line };
}

function firstOf<T>(names: readonly string[], find: (name: string) => T | undefined): T | undefined {
  for (const name of names) {
    const found = find(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function jsonRows(name: string, text: string): Row[] {
  return text.split(/\r?\n/).flatMap((source, index) => {
    if (source.trim() === "") return [];
    const line = index + 1;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch (cause) {
      // Engines count lines of their own, of which this one is the first.
      const message = (cause as Error).message.replace(/ (in JSON )?at (position|line) .*$/s, "");
      throw new FormatError(
        `${name}, line ${line} is no JSON: ${message}; expected {"text": …, "label": …} on each line`,
        { line },
        { cause },
      );
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FormatError(`${name}, line ${line} is ${show(value)}; expected {"text": …, "label": …}`, { line });
    }
    const fields = new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field as unknown]));
    const get = (names: readonly string[]): unknown => firstOf(names, (key) => fields.get(key));
    return [rowOf(name, line, get(TEXT_NAMES), get(LABEL_NAMES))];
  });
}

async function csvRows(name: string, text: string): Promise<Row[]> {
  // Loaded for those who bring a table.
  const { CsvError, parse } = await import("csv-parse/browser/esm/sync");
  let records: { readonly record: string[]; readonly info: { readonly lines: number } }[];
  try {
    records = parse(text, {
      ...{ bom: true, info: true, skip_empty_lines: true, relax_column_count: true },
      delimiter: /\.tsv$/i.test(name) ? "\t" : ",",
    }) as unknown as typeof records;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { lines } = cause as { lines?: number };
    throw new FormatError(`${name}${lines === undefined ? "" : `, line ${lines}`}: ${cause.message}`, {}, { cause });
  }
  const [first] = records;
  if (first === undefined) throw new FormatError(`${name} is empty; expected lines of text,label`);
  const header = first.record.map((cell) => cell.trim().toLowerCase());
  const place = (names: readonly string[]) =>
    firstOf(names, (key) => (header.includes(key) ? header.indexOf(key) : undefined));
  const [textAt, labelAt] = [place(TEXT_NAMES), place(LABEL_NAMES)];
  const isHeaded = textAt !== undefined && labelAt !== undefined;
  // Two names that are none of ours, over labels that make sense: a header, in other words.
  const second = records[1]?.record;
  if (!isHeaded && header.length === 2 && !isLabel(header[1]) && isLabel(second?.[1])) {
    throw new FormatError(
      `${name}, line 1: the columns are called ${show(header[0])} and ${show(header[1])}; expected text and label`,
      { line: 1 },
    );
  }
  return records.slice(isHeaded ? 1 : 0).map(({ record, info: { lines } }) => {
    if (!isHeaded && record.length !== 2) {
      throw new FormatError(
        `${name}, line ${lines} has ${record.length} ${record.length === 1 ? "column" : "columns"}; expected ` +
          "text,label (quote a text that has commas), or a first line that names the columns",
        { line: lines },
      );
    }
    return rowOf(name, lines, record[textAt ?? 0], record[labelAt ?? 1]);
  });
}
