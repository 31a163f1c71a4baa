/** Reads a series from CSV: one column of numbers, and one of dates if there is one. */
import { type CsvError, type Info, parse } from "csv-parse/sync";
import { FormatError } from "../core/errors.ts";
import { shown } from "../core/options.ts";
import { UsageError } from "./usage_error.ts";

/** A time series, oldest value first. */
export interface Series {
  readonly column: string;
  readonly values: readonly number[];
  /** The dates as written, one for each value. */
  readonly dates?: readonly string[];
  /** The dates in milliseconds, if all of them are ISO 8601. */
  readonly times?: readonly number[];
}

/** The column to read, and the file's name. */
export interface SeriesOptions {
  /** The file's name in error messages. */
  readonly name: string;
  readonly column: string;
  /** The column of dates. Default: the column `date` (in upper or lower case), if it exists. */
  readonly date?: string | undefined;
}

interface Row {
  readonly record: readonly string[];
  readonly info: Info;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const ISO_DATE = /^\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;
/** The most rows; more would use gigabytes of memory. */
const MAX_ROWS = 1_000_000;
/** The most column names, and characters of each, that an error shows. */
const SHOWN_NAMES = 20;
const SHOWN_CHARACTERS = 40;
const DELIMITERS = [",", ";", "\t"] as const;

/**
 * Reads a series from CSV with a header line; fields are separated by commas, semicolons or tabs, whichever the header
 * has.
 * @throws UsageError when there is no such column.
 * @throws FormatError that names the line and column of an invalid number, or the line that is malformed or out of
 * order, and for more than 1,000,000 rows.
 */
export function readSeries(text: string, { name, column, date }: SeriesOptions): Series {
  const [header, ...rows] = parseRows(text, name);
  if (header === undefined) throw new FormatError(`${name}: the file is empty; expected a header line, then rows`);
  const names = header.record;
  const at = columnAt(names, column, "--column", name);
  if (rows.length === 0)
    throw new FormatError(`${name}: there are no rows below the header; expected one per timestep`);
  if (rows.length > MAX_ROWS) {
    throw new FormatError(`${name}: there are more than ${MAX_ROWS} rows; put the last of them into a separate file`);
  }
  const values = rows.map(({ record, info }) => {
    const where = `${name}, line ${info.lines}`;
    if (record.length !== names.length)
      throw new FormatError(`${where}: ${record.length} field(s); expected ${names.length}, as in the header`);
    const field = record[at] as string;
    const value = Number(field);
    if (!NUMBER.test(field) || !Number.isFinite(value)) {
      throw new FormatError(
        `${where}: column "${column}" is ${field === "" ? "empty" : shown(field)}; expected a number such as 1234.5: ` +
          "correct the field or remove the row",
        { line: info.lines, column, value: field },
      );
    }
    return value;
  });
  const dateName = date ?? names.find((each) => each.toLowerCase() === "date");
  if (dateName === undefined) return { column, values };
  const dateAt = columnAt(names, dateName, "--date", name);
  const dates = rows.map(({ record }) => record[dateAt] as string);
  if (!dates.every((each) => ISO_DATE.test(each))) return { column, values, dates };
  const times = dates.map((each, index) => timeOf(each, `${name}, line ${rows[index]?.info.lines}`, dateName));
  const early = times.findIndex((time, index) => index > 0 && time < (times[index - 1] as number));
  if (early > 0) {
    throw new FormatError(
      `${name}, line ${rows[early]?.info.lines}: ${dates[early]} comes after ${dates[early - 1]}; expected the ` +
        `oldest row first: sort the file by "${dateName}"`,
    );
  }
  return { column, values, dates, times };
}

function parseRows(text: string, name: string): Row[] {
  const header = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const [delimiter] = [...DELIMITERS].sort((a, b) => header.split(b).length - header.split(a).length);
  try {
    return parse(text, {
      ...{ bom: true, info: true, trim: true, skip_empty_lines: true, relax_column_count: true },
      delimiter: delimiter ?? ",",
      to: MAX_ROWS + 2,
    }) as unknown as Row[];
  } catch (cause) {
    const { message, lines } = cause as CsvError & { readonly lines?: number };
    throw new FormatError(
      `${name}, line ${lines ?? "?"}: it is not valid CSV (${message}); expected fields separated by commas, and ` +
        "quotes in pairs",
      {},
      { cause },
    );
  }
}

function columnAt(names: readonly string[], wanted: string, flag: string, file: string): number {
  const at = names.indexOf(wanted);
  if (at === -1 || names.lastIndexOf(wanted) !== at) {
    const problem = at === -1 ? "has no such column" : "has that column twice";
    const some = names.slice(0, SHOWN_NAMES).map((name) => name.slice(0, SHOWN_CHARACTERS));
    const rest = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
    throw new UsageError(`${flag} "${wanted}": ${file} ${problem}; its header has ${some.join(", ")}${rest}`);
  }
  return at;
}

function timeOf(date: string, where: string, column: string): number {
  const time = Date.parse(date.length > 10 ? date.replace(" ", "T") : date);
  if (Number.isNaN(time))
    throw new FormatError(`${where}: column "${column}" is ${shown(date)}; expected a date such as 2020-02-28`);
  return time;
}
