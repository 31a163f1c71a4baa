/** Reads the visitor's series: the numeric columns of a CSV file. */
import { FormatError } from "sluice";

/** A table's numeric columns, oldest row first. */
export interface SeriesTable {
  readonly name: string;
  readonly columns: ReadonlyMap<string, readonly number[]>;
  /** The rows' dates as written; undefined if there is no column of dates. */
  readonly dates: readonly string[] | undefined;
}

const MOST_BYTES = 20e6;
/** Matches the names of date columns. */
const DATES = /^(date|day|week|month|quarter|year|time(stamp)?)$/i;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Describes the first missing number in the column with the most numbers. */
function firstGap(header: readonly string[], body: readonly (readonly string[])[]): string {
  const numbers = header.map((_, at) => body.filter((row) => NUMBER.test(row[at] ?? "")).length);
  const at = numbers.indexOf(Math.max(...numbers));
  const gap = body.findIndex((row) => !NUMBER.test(row[at] ?? ""));
  if (numbers[at] === 0) return "";
  return (
    `: ${header[at]} has ${JSON.stringify((body[gap]?.[at] ?? "").slice(0, 40))} in row ${gap + 1} after the ` +
    "header"
  );
}

/**
 * Reads a table with a header line; fields are separated by commas, semicolons or tabs.
 * @throws FormatError naming the file and, if possible, the line.
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
      `${name}: none of its columns (${header.slice(0, 20).join(", ").slice(0, 100)}) holds a number in every ` +
        `row${firstGap(header, body)}; mend or remove the rows that have none`,
    );
  }
  const dateAt = header.findIndex((column) => DATES.test(column));
  return { name, columns, dates: dateAt < 0 ? undefined : body.map((row) => row[dateAt] as string) };
}
