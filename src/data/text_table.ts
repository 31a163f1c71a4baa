/**
 * Labelled texts from a file (entry `sluice/tables`): CSV, TSV, or JSON lines. Errors name the file and the line.
 * @module sluice/tables
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { optional, positive, readOptions, text, withDefault } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import type { Source } from "../platform/open_source.ts";
import { readSource } from "../platform/read_source.ts";

/** A text and its class name. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
  /** The line of the file on which it starts, counted from 1. */
  readonly line: number;
}

/** Options of `readTextTable`. */
export interface TextTableOptions {
  /** The column of texts. Default: the one named text, review, sentence or content, or the other one of two. */
  readonly textColumn?: string | undefined;
  /**
   * The column of labels. Default: the one named label, sentiment, class, category, topic or target, or the other one
   * of two.
   */
  readonly labelColumn?: string | undefined;
  /** The file name in error messages. Default: the file's own name. */
  readonly name?: string | undefined;
  /** The maximum file size in bytes. Default: 200,000,000. */
  readonly maxBytes?: number | undefined;
}

const OPTIONS = {
  textColumn: optional(text),
  labelColumn: optional(text),
  name: optional(text),
  maxBytes: withDefault(positive, 200e6),
};

const TEXT_NAMES = ["text", "review", "sentence", "content"];
const LABEL_NAMES = ["label", "sentiment", "class", "category", "topic", "target"];

/** The maximum number of rows. */
const MAX_ROWS = 1_000_000;

/** The maximum number of columns listed in an error message. */
const SHOWN_COLUMNS = 20;

/** The validated options of a read. */
interface Reading {
  readonly name: string;
  /** The accepted column names, in order of preference. */
  readonly texts: readonly string[];
  readonly labels: readonly string[];
  /** True if the caller specified a column. */
  readonly isNamed: boolean;
}

/**
 * Reads labelled texts, in the order of the file. The file has a header line that names the columns (CSV, TSV), or two
 * columns, text and label, without a header, or a JSON object on each line. Duplicate texts are kept once, with the
 * last label, so that a split never has the same text on both sides.
 * @throws ValueError for the table's own text in place of a path: give `new Blob([text])`.
 * @throws FileError if the source cannot be read.
 * @throws FormatError with the line if a row has no text or label, the format is not recognised, or there are more than
 * 1,000,000 rows.
 *
 * @example
 * import { readTextTable } from "sluice/tables";
 * const rows = await readTextTable("headlines.csv"); // a path, a URL, or a browser's File
 * const labels = labelsOf(rows.map(({ label }) => label));
 */
export async function readTextTable(source: Source, options: TextTableOptions = {}): Promise<LabelledText[]> {
  const { textColumn, labelColumn, maxBytes, ...named } = readOptions("readTextTable", OPTIONS, options);
  if (typeof source === "string" && /[\r\n]/.test(source)) {
    throw new ValueError(
      "readTextTable: expected a path or a URL, got several lines of text. Pass the text itself as new Blob([text])",
    );
  }
  const { name: ownName, bytes } = await readSource(source, maxBytes);
  const reading: Reading = {
    name: named.name ?? ownName,
    texts: textColumn === null ? TEXT_NAMES : [textColumn],
    labels: labelColumn === null ? LABEL_NAMES : [labelColumn],
    isNamed: textColumn !== null || labelColumn !== null,
  };
  const content = decode(reading.name, bytes);
  const isJson = /\.(jsonl|ndjson|json)$/i.test(reading.name) || content.trimStart().startsWith("{");
  const rows = isJson ? jsonRows(reading, content) : await csvRows(reading, content);
  if (rows.length > MAX_ROWS)
    throw new FormatError(`${reading.name} has more than ${MAX_ROWS} rows; give fewer of them`);
  return [...new Map(rows.map((row) => [row.text, row])).values()];
}

function decode(name: string, bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new FormatError(
      `${name} is a gzip archive; expected a text table. The archive of film reviews ends in .tar.gz`,
    );
  }
  try {
    const content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Binary files may be valid UTF-8, but contain zero bytes.
    if (!content.includes("\0")) return content;
  } catch {
    // Reported below.
  }
  throw new FormatError(`${name} is not text in UTF-8; expected a table of text,label, saved as CSV or JSON lines`);
}

function rowOf(name: string, line: number, text: unknown, label: unknown): LabelledText {
  if (typeof text !== "string" || text.trim() === "") {
    throw new FormatError(`${name}, line ${line}: the text is ${shown(text)}; expected words`, { line });
  }
  const isLabel = ["string", "number", "boolean"].includes(typeof label) && String(label).trim() !== "";
  if (!isLabel) {
    throw new FormatError(`${name}, line ${line}: the label is ${shown(label)}; expected the name of a class`, {
      line,
    });
  }
  return { text: text.trim(), label: String(label).trim(), line };
}

function jsonRows({ name, texts, labels, isNamed }: Reading, content: string): LabelledText[] {
  return content.split(/\r?\n/, MAX_ROWS + 1).flatMap((source, index) => {
    if (source.trim() === "") return [];
    const line = index + 1;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch (cause) {
      // Engines number the line within the JSON, which is always line 1.
      const message = cause instanceof Error ? cause.message.replace(/ (in JSON )?at (position|line) .*$/s, "") : cause;
      throw new FormatError(
        `${name}, line ${line} is not JSON: ${message}; expected {"text": …, "label": …} on each line`,
        { line },
        { cause },
      );
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FormatError(`${name}, line ${line} is ${shown(value)}; expected {"text": …, "label": …}`, { line });
    }
    const fields = new Map<string, unknown>(Object.entries(value).map(([key, field]) => [plain(key), field]));
    const missing = [texts, labels].find((names) => isNamed && !names.some((key) => fields.has(plain(key))));
    if (missing !== undefined) {
      throw new FormatError(`${name}, line ${line} has no "${missing[0]}"; it has ${someOf(Object.keys(value))}`, {
        line,
      });
    }
    const get = (names: readonly string[]) => fields.get(names.map(plain).find((key) => fields.has(key)) ?? "");
    return [rowOf(name, line, get(texts), get(labels))];
  });
}

/** Names of columns for a message. */
const someOf = (columns: readonly string[]): string => columns.slice(0, SHOWN_COLUMNS).map(shown).join(", ");

const plain = (column: string): string => column.trim().toLowerCase();

/** A record of a CSV file, and the line that it ends on. */
interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function csvRows(reading: Reading, content: string): Promise<LabelledText[]> {
  const { name } = reading;
  const records = await csvRecords(name, content);
  const [first] = records;
  if (first === undefined) throw new FormatError(`${name} is empty; expected lines of text,label`);
  const header = first.record.map(plain);
  const place = (names: readonly string[]) => names.map((each) => header.indexOf(plain(each))).find((at) => at >= 0);
  const found = { text: place(reading.texts), label: place(reading.labels) };
  // With two columns, one known column determines the other.
  const isPair = header.length === 2 && !reading.isNamed;
  const other = (at: number | undefined) => (isPair && at !== undefined ? 1 - at : undefined);
  const textAt = found.text ?? other(found.label);
  const labelAt = found.label ?? other(found.text);
  const isHeaded = textAt !== undefined && labelAt !== undefined;
  if (!isHeaded && (reading.isNamed || first.record.length !== 2 || isUnknownHeader(records))) {
    const missing = textAt === undefined ? reading.texts : reading.labels;
    throw new FormatError(
      `${name}, line 1: the columns are called ${someOf(first.record)}; expected ` +
        (reading.isNamed
          ? `one called "${missing[0]}"`
          : "text and label (or name the columns to read), or two columns without names"),
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

/**
 * True if the second field of the first line is probably not a label: it occurs once, while the labels below it repeat.
 */
function isUnknownHeader([first, ...others]: readonly CsvRecord[]): boolean {
  const labels = new Set(others.map(({ record }) => record[1]));
  return !labels.has(first?.record[1]) && labels.size * 2 <= others.length;
}

async function csvRecords(name: string, content: string): Promise<CsvRecord[]> {
  const { CsvError, parse } = await import("csv-parse/browser/esm/sync");
  try {
    return parse(content, {
      ...{ bom: true, info: true, skip_empty_lines: true, relax_column_count: true },
      delimiter: /\.tsv$/i.test(name) ? "\t" : ",",
      // The header plus one row over the limit.
      to: MAX_ROWS + 2,
    }) as unknown as CsvRecord[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const at = "lines" in cause ? `, line ${cause.lines}` : "";
    throw new FormatError(`${name}${at}: ${cause.message}`, {}, { cause });
  }
}
