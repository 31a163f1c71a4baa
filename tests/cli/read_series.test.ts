import fc from "fast-check";
import { expect, test } from "vitest";
import { readSeries } from "../../src/cli/read_series.ts";
import { seattleWeather } from "../../src/cli/seattle_weather.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { FormatError } from "../../src/core/errors.ts";

const read = (text: string, options: { readonly column?: string; readonly date?: string } = {}) =>
  readSeries(text, { name: "p.csv", column: "close", ...options });

test("the embedded weather: every day of four years, and the figures of the first and the last", () => {
  const { values, dates, times } = readSeries(seattleWeather.csv, seattleWeather);
  expect(values).toHaveLength(1461);
  expect([values[0], values.at(-1)]).toEqual([12.8, 5.6]);
  expect([dates?.[0], dates?.at(-1)]).toEqual(["2012-01-01", "2015-12-31"]);
  expect(times).toEqual(values.map((_, day) => Date.UTC(2012, 0, 1 + day)));
});

test("commas, semicolons or tabs; quotes, a byte order mark, blank lines and line ends of Windows", () => {
  const expected = { column: "close", values: [1.5, -2e3], dates: ["2020-01-01", "2020-01-02"] };
  for (const delimiter of [",", ";", "\t"]) {
    const text = '\ufeffDate,"close"\r\n2020-01-01, 1.5\r\n\r\n2020-01-02,"-2e3"\r\n'.replaceAll(",", delimiter);
    expect(read(text)).toMatchObject(expected);
  }
});

test("whatever the numbers and the names, what was written is read", () => {
  const name = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && !/[\r\n\ufeff]/.test(text));
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(
      name,
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      (column, values) => {
        fc.pre(column !== "#");
        const text = [`"#",${quote(column)}`, ...values.map((value, row) => `${row},${value}`)].join("\n");
        expect(readSeries(text, { name: "x", column }).values).toEqual(values.map((value) => Number(String(value))));
      },
    ),
  );
});

test("dates that are not ISO 8601 are kept as they are, and order nothing", () => {
  const { dates, times } = read("date,close\nJan 2 2020,1\nJan 1 2020,2\n");
  expect(dates).toEqual(["Jan 2 2020", "Jan 1 2020"]);
  expect(times).toBeUndefined();
  expect(read("day,close\n1,1\n").dates).toBeUndefined();
  expect(read("day,close\n2020-02,1\n", { date: "day" }).times).toEqual([Date.UTC(2020, 1, 1)]);
});

test.each([
  ["", FormatError, "p.csv: the file is empty; expected a header line"],
  ["date,close\n", FormatError, "there are no rows below the header"],
  ["date,open\n2020-01-01,1\n", UsageError, '--column "close": p.csv has no such column; its header has date, open'],
  ["close,close\n1,2\n", UsageError, '--column "close": p.csv has that column twice'],
  [
    "date,close\n2020-01-01,1\n\n2020-01-02,n/a\n",
    FormatError,
    'p.csv, line 4: column "close" is "n/a"; expected a number',
  ],
  ["date,close\n2020-01-01,\n", FormatError, 'p.csv, line 2: column "close" is empty'],
  ["date,close\n2020-01-01,1e999\n", FormatError, 'line 2: column "close" is "1e999"'],
  ["date,close\n2020-01-01,0x10\n", FormatError, 'line 2: column "close" is "0x10"'],
  ["date,close\n2020-01-01,1\n2020-01-02\n", FormatError, "p.csv, line 3: 1 field(s); expected 2, as in the header"],
  ['date,close\n2020-01-01,1\n2020-01-02,"2\n', FormatError, "line 3: it is not valid CSV"],
  [
    "date,close\n2020-01-02,1\n2020-01-01,2\n",
    FormatError,
    "line 3: 2020-01-01 comes after 2020-01-02; expected the oldest row first",
  ],
  ["date,close\n2020-13-02,1\n", FormatError, 'line 2: column "date" is "2020-13-02"; expected a date'],
] as const)("%j is refused, with the line", (text, kind, message) => {
  expect(() => read(text)).toThrow(kind);
  expect(() => read(text)).toThrow(message);
});

test("a column of dates that is not there is refused", () => {
  expect(() => read("date,close\n2020-01-01,1\n", { date: "day" })).toThrow('--date "day": p.csv has no such column');
});
