/** The visitor's own series: the columns of a CSV that hold numbers. */
import { FormatError } from "sluice";

/** A table's columns of numbers, oldest row first. */
export interface SeriesTable {
  readonly name: string;
  readonly columns: ReadonlyMap<string, readonly number[]>;
  /** The rows' dates as they are written, where there is a column of that name. */
  readonly dates: readonly string[] | undefined;
}

const MOST_BYTES = 20e6;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a table with a header line; fields are separated by commas, semicolons or tabs.
 * @throws FormatError naming the file, and the line where that helps.
 */
export async function readSeriesTable(name: string, text: string): Promise<SeriesTable> {
  if (text.length > MOST_BYTES) {
    throw new FormatError(`${name} has ${Math.round(text.length / 1e6)} MB; expected at most ${MOST_BYTES / 1e6} MB`);
  }
  const { parse } = await import("csv-parse/browser/esm/sync");
  let rows: string[][];
  try {
    const options = { bom: true, trim: true, skip_empty_lines: true, delimiter: [",", ";", "\t"] };
    rows = parse(text, options) as string[][];
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${name} is no CSV: ${message}`, {}, { cause });
  }
  const [header, ...body] = rows;
  if (header === undefined || body.length === 0) {
    throw new FormatError(`${name}: expected a header line, then one row for each step of time`);
  }
  const columns = new Map<string, readonly number[]>();
  header.forEach((column, at) => {
    if (body.every((row) => NUMBER.test(row[at] ?? "")))
      columns.set(
        column,
        body.map((row) => Number(row[at])),
      );
  });
  if (columns.size === 0) {
    throw new FormatError(
      `${name}: none of its columns (${header.join(", ").slice(0, 100)}) holds a number in every row; mend or remove the rows that have none`,
    );
  }
  const dateAt = header.findIndex((column) => column.toLowerCase() === "date");
  return { name, columns, dates: dateAt < 0 ? undefined : body.map((row) => row[dateAt] as string) };
}
