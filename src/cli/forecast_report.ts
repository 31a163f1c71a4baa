/** The report of a forecast: as text, as JSON and as CSV. */
import { AVERAGED, besideSimple, type Forecasts, type Scores, score, shareOfRises } from "../forecast/index.ts";
import type { ForecastResult } from "./forecast_job.ts";
import type { ForecastOptions } from "./forecast_options.ts";
import type { Series } from "./read_series.ts";
import { percent } from "./training_progress.ts";
import { jobRecord } from "./training_report.ts";

/** A forecast and its scores. */
export interface ForecastReport {
  readonly series: Series;
  readonly options: ForecastOptions;
  /** The first held-out row. */
  readonly start: number;
  readonly forecasts: Forecasts;
  readonly scores: { readonly network: Scores; readonly naive: Scores; readonly average: Scores };
  /** The smallest and the largest value in the training data. */
  readonly trained: readonly [number, number];
  /** The forecast `ahead` rows after the last row. */
  readonly next: number;
}

/** Scores a forecast. */
export function reportOf(series: Series, options: ForecastOptions, result: ForecastResult): ForecastReport {
  const { start, next } = result;
  const forecasts = besideSimple(series.values, start, options.ahead, result.forecasts);
  const { actual, naive, average, network } = forecasts;
  const training = series.values.slice(0, start);
  return {
    ...{ series, options, start, forecasts, next },
    scores: {
      network: score(actual, network, naive),
      naive: score(actual, naive, naive),
      average: score(actual, average, naive),
    },
    trained: [training.reduce((a, b) => Math.min(a, b)), training.reduce((a, b) => Math.max(a, b))],
  };
}

/** The name of the naive baseline for forecasts `ahead` rows ahead. */
export function naiveName(ahead: number): string {
  return ahead === 1 ? "tomorrow equals today" : `in ${ahead} rows as today`;
}

/** The comparison with the baselines, as a table and in sentences. */
export function reportText(report: ForecastReport): string {
  const { series, options, start, forecasts, scores, trained, next } = report;
  const rows: readonly (readonly [string, Scores])[] = [
    ["network", scores.network],
    [naiveName(options.ahead), scores.naive],
    [`mean of the last ${AVERAGED} rows`, scores.average],
  ];
  const cells = (name: string, ...figures: readonly string[]) =>
    `  ${name.padEnd(26)}${figures.map((figure) => figure.padStart(12)).join("")}`;
  const [least, most] = trained;
  const beyond = forecasts.actual.filter((value) => value < least || value > most).length;
  return [
    `The last ${forecasts.actual.length} rows${spanOf(series, start)}, which were held out, in the units of ` +
      `"${series.column}":`,
    "",
    cells("", "RMSE", "MAE", "direction"),
    ...rows.map(([name, { rmse, mae, direction }]) =>
      cells(name, figure(rmse), figure(mae), direction === undefined ? "-" : percent(direction)),
    ),
    "",
    verdictOf(report),
    `The series rose in ${percent(shareOfRises(forecasts))} of its moves there: a direction is worth something above ` +
      "that.",
    ...(beyond === 0
      ? []
      : [
          `${beyond} of these values are outside the range of the training data (${figure(least)} to ` +
            `${figure(most)}).`,
        ]),
    `Its forecast of the row ${options.ahead === 1 ? "after the last" : `${options.ahead} after the last`}: ` +
      `${figure(next)} (the last is ${figure(series.values.at(-1) as number)}).`,
  ].join("\n");
}

/** A sentence that says whether the network beats the naive baseline. */
export function verdictOf({ scores, options }: Pick<ForecastReport, "scores" | "options">): string {
  const [network, naive] = [scores.network.rmse, scores.naive.rmse];
  const name = `"${naiveName(options.ahead)}"`;
  const figures = `its RMSE is ${figure(network)}, against ${figure(naive)}`;
  return network < naive
    ? `The network beats ${name}: ${figures}.`
    : `The network does NOT beat ${name}: ${figures}. Copying the last value is better.`;
}

/** The report as JSON. */
export function forecastRecord(
  report: ForecastReport,
  result: ForecastResult,
  source: Readonly<Record<string, unknown>>,
  seconds: number,
) {
  const { forecasts: _, start: __, ...rest } = result;
  const { series, start, scores, trained } = report;
  const dateOf = (row: number) => (series.dates === undefined ? {} : { date: series.dates[row] });
  return {
    ...jobRecord(rest, report.options),
    data: {
      ...source,
      column: series.column,
      rows: series.values.length,
      trained: { rows: start, least: trained[0], most: trained[1] },
      heldOut: { rows: series.values.length - start, first: { row: start, ...dateOf(start) } },
    },
    scores,
    beatsNaive: scores.network.rmse < scores.naive.rmse,
    shareOfRises: shareOfRises(report.forecasts),
    seconds,
  };
}

/** The forecasts as CSV: date (or row, counted from 0), actual, forecast, naive, average. */
export function forecastCsv({ series, start, forecasts }: ForecastReport): string {
  const { actual, network, naive, average } = forecasts;
  const lines = actual.map((value, index) =>
    [
      quoted(series.dates?.[start + index] ?? String(start + index)),
      ...[value, network[index], naive[index], average[index]].map((each) => String(Number(each?.toPrecision(9)))),
    ].join(","),
  );
  return `${[`${series.dates ? "date" : "row"},actual,forecast,naive,average`, ...lines].join("\n")}\n`;
}

/** A number in the units of the series: two decimals, or three significant digits if it is small. */
export function figure(value: number): string {
  if (value !== 0 && Math.abs(value) < 1) return value.toPrecision(3);
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** ` (2016-03-29 to 2020-04-17)` from row `start` on, if there are dates. */
function spanOf({ dates }: Series, start: number): string {
  return dates === undefined ? "" : ` (${dates[start]} to ${dates.at(-1)})`;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
