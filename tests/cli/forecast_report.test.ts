/** What is said of a forecast, on figures that can be checked by hand. */
import { describe, expect, test } from "vitest";
import type { ForecastResult } from "../../src/cli/forecast_job.ts";
import { completeForecastOptions } from "../../src/cli/forecast_options.ts";
import { forecastCsv, reportOf, reportText } from "../../src/cli/forecast_report.ts";
import { forecastChart } from "../../src/cli/forecast_svg.ts";
import { forecastSketch } from "../../src/cli/forecast_text_chart.ts";
import type { Series } from "../../src/cli/read_series.ts";
import { element, escapeXml } from "../../src/core/svg_elements.ts";
import { besideSimple, score, shareOfRises } from "../../src/forecast/index.ts";

const VALUES = [10, 12, 11, 14, 13, 15, 15, 12];
const DATES = VALUES.map((_, index) => `2020-02-0${index + 1}`);
const SERIES: Series = { column: "a<b", values: VALUES, dates: DATES, times: DATES.map((date) => Date.parse(date)) };

const result = (forecasts: readonly number[], start: number): ForecastResult => ({
  adapter: "none",
  runtime: { name: "node", version: "20" },
  epochs: [],
  dispatchesPerStep: 1,
  extraChunksPerStep: 0,
  submitsPerStep: 1,
  readbacks: 1,
  peakGpuBytes: 0,
  weightsSha256: "",
  start,
  forecasts,
  next: 12.5,
});
const report = (forecasts: readonly number[], series = SERIES) =>
  reportOf(series, completeForecastOptions({ window: 2 }), result(forecasts, 5));

test("the simple forecasts know nothing later than the row they are made at", () => {
  expect(besideSimple(VALUES, 5, 1, [0, 0, 0])).toMatchObject({
    actual: [15, 15, 12],
    naive: [13, 15, 15],
    average: [12, 13, 13.6],
  });
  expect(besideSimple(VALUES, 5, 3, [0, 0, 0])).toMatchObject({ naive: [11, 14, 13], average: [11, 11.75, 12] });
});

test("scores: root of the mean square, mean, and the share of moves whose direction was right", () => {
  // The moves were +2, 0 and -3; the forecasts said up, up and down.
  expect(score([15, 15, 12], [14, 16, 14], [13, 15, 15])).toEqual({ rmse: Math.sqrt(2), mae: 4 / 3, direction: 1 });
  expect(score([15, 15, 12], [12, 16, 14], [13, 15, 15]).direction).toBe(0.5);
  expect(score([15, 15, 12], [13, 15, 15], [13, 15, 15]).direction).toBeUndefined();
  expect(shareOfRises(besideSimple(VALUES, 5, 1, []))).toBe(0.5);
});

describe("in words", () => {
  test("a network that is worse than no network is said to be", () => {
    const text = reportText(report([10, 10, 10]));
    expect(text).toContain('The network does NOT beat "tomorrow equals today": its RMSE is 4.24, against 2.08.');
    expect(text).toContain("The last 3 rows (2020-02-06 to 2020-02-08)");
    expect(text).toContain("2 of these values are outside the range of the training data (10.00 to 14.00)");
    expect(text).toMatch(/tomorrow equals today +2\.08 +1\.67 +-\n/);
  });

  test("and one that is better, too", () => {
    expect(reportText(report([15, 15, 12.1]))).toContain(
      'The network beats "tomorrow equals today": its RMSE is 0.0577',
    );
  });
});

test("the CSV has a line for every held-out row", () => {
  expect(forecastCsv(report([14.5, 15, 12]))).toBe(
    "date,actual,forecast,naive,average\n2020-02-06,15,14.5,13,12\n2020-02-07,15,15,15,13\n2020-02-08,12,12,15,13.6\n",
  );
  const { dates: _, times: __, ...undated } = SERIES;
  expect(forecastCsv(report([14.5, 15, 12], undated))).toMatch(/^row,actual.*\n5,15,14\.5,13,12\n/);
  const commas = { ...SERIES, dates: DATES.map((date) => `${date}, "day"`) };
  expect(forecastCsv(report([1, 2, 3], commas))).toContain('"2020-02-06, ""day""",15,1');
});

describe.each([
  ["dates", SERIES],
  ["dates that are not ISO", { column: "a<b", values: VALUES, dates: DATES.map((date) => `day ${date}`) }],
  ["no dates", { column: "a<b", values: VALUES }],
] as const)("with %s", (_, series) => {
  test("the picture is well-formed, names what it shows and holds no number that is none", () => {
    const svg = forecastChart(report([14.5, 15, 12], series), "Tom & Jerry");
    expect(unclosed(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toContain("Tom &amp; Jerry: forecasts");
    expect(svg).toContain(">a&lt;b</text>");
    expect(svg.match(/<path /g)).toHaveLength(5);
  });

  test("the sketch shows both lines", () => {
    const sketch = forecastSketch(report([14.5, 11, 12], series));
    expect(sketch).toMatch(/•/);
    expect(sketch).toMatch(/×/);
    expect(sketch.split("\n").every((line) => line.length <= 100)).toBe(true);
    expect(sketch).toContain(series === SERIES ? "2020-02-06" : "5");
  });
});

test("text cannot break out of an element", () => {
  expect(element("a", { b: '"><script>' })).toBe('<a b="&quot;&gt;&lt;script&gt;"/>');
  expect(escapeXml("a\u0000b\u0007<")).toBe("ab&lt;");
});

/** The elements of an XML text that are not closed in order. */
function unclosed(xml: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, rest = ""] of xml.matchAll(/<(\/?)([\w-]+)([^<>]*)>/g)) {
    if (slash) {
      if (open.at(-1) !== name) return [...open, `/${name}`];
      open.pop();
    } else if (!rest.endsWith("/")) open.push(name as string);
  }
  return open;
}
