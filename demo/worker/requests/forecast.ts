/** The time series: a stacked LSTM learns what comes next, and is compared with forecasts that need none. */
import type { Progress } from "sluice";
import {
  besideSimple,
  type Forecasts,
  forecastData,
  forecastHeldOut,
  forecastModel,
  type Scores,
  score,
  shareOfRises,
} from "sluice/forecast";
import type { Context } from "../../protocol.ts";
import { type Curve, decimate } from "../decimate.ts";
import { readSeriesTable, type SeriesTable } from "../series_table.ts";

/** How to learn, and what. */
export interface ForecastSettings {
  readonly window: number;
  readonly ahead: number;
  readonly layers: number;
  readonly units: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Only the last so many rows. */
  readonly rows: number;
}

export interface ForecastParams {
  readonly settings: ForecastSettings;
  /** The visitor's file; the prices that come with the page where there is none. */
  readonly file: File | undefined;
  /** The file's column; its first one of numbers where there is none of that name. */
  readonly column: string;
}

export interface SeriesParams {
  readonly file: File | undefined;
  readonly column: string;
  /** Only the last so many rows. */
  readonly rows: number;
}

/** A series to look at, and the columns of its table to choose from. */
export interface SeriesView {
  readonly name: string;
  readonly columns: readonly string[];
  /** The one that is shown. */
  readonly column: string;
  /** Rows of the table. */
  readonly rows: number;
  /** Of the rows that are used: those that are held out begin here. */
  readonly start: number;
  readonly curve: Curve;
}

export type ForecastEvent = {
  readonly step: number;
  readonly steps: number;
  readonly perSecond: number;
  /** The epoch's mean so far. */
  readonly loss: number | undefined;
};

export interface ForecastResult {
  readonly column: string;
  readonly dates: readonly string[] | undefined;
  readonly forecasts: Forecasts;
  readonly scores: { readonly network: Scores; readonly naive: Scores; readonly average: Scores };
  readonly rises: number;
  /** What it says of the row `ahead` after the last, and the last. */
  readonly next: number;
  readonly last: number;
  readonly trained: number;
  readonly seconds: number;
}

const [TEST, BATCH] = [0.2, 32];
const PRICES = { name: "S&P 500, daily", column: "close" } as const;

async function tableOf(file: File | undefined): Promise<SeriesTable> {
  if (file !== undefined) return readSeriesTable(file.name, await file.text());
  const { default: csv } = await import("vega-datasets/data/sp500-2000.csv?raw");
  return readSeriesTable(PRICES.name, csv);
}

/** The column of that name, or the table's first. */
function columnOf({ columns }: SeriesTable, wanted: string): string {
  return columns.has(wanted) ? wanted : ([...columns.keys()][0] as string);
}

/** A series as it will be learnt from. */
export async function series({ transfer }: Context, { file, column: wanted, rows }: SeriesParams): Promise<SeriesView> {
  const table = await tableOf(file);
  const { name, columns, dates } = table;
  const column = columnOf(table, wanted);
  const all = columns.get(column) as readonly number[];
  const values = all.slice(-rows);
  const curve = decimate(values, dates?.slice(-rows));
  transfer(curve.at.buffer, curve.values.buffer);
  const start = values.length - Math.round(values.length * TEST);
  return { name, columns: [...columns.keys()], column, rows: all.length, start, curve };
}

/** Learns from the first four fifths of a series, and forecasts the rest. */
export async function forecast(context: Context<ForecastEvent>, params: ForecastParams): Promise<ForecastResult> {
  const { session, signal, tell } = context;
  const { settings, file } = params;
  const { epochs, rows, ahead } = settings;
  const table = await tableOf(file);
  const { columns, dates } = table;
  const column = columnOf(table, params.column);
  const values = (columns.get(column) as readonly number[]).slice(-rows);
  const data = forecastData(values, { ...settings, test: TEST });
  const began = performance.now();
  using model = forecastModel(await session.device(), { ...settings, dropout: 0 });
  await model.fit(data.train, {
    ...{ epochs, batchSize: BATCH, signal },
    onProgress: ({ epoch, batch, batches, logs, samplesPerSecond }: Progress) =>
      tell({
        step: (epoch - 1) * batches + batch,
        steps: epochs * batches,
        perSecond: samplesPerSecond,
        loss: logs.loss,
      }),
  });
  const { forecasts: network, next } = await forecastHeldOut(model, data, { batchSize: BATCH, signal });
  const forecasts = besideSimple(values, data.start, ahead, network);
  const { actual, naive, average } = forecasts;
  return {
    column,
    dates: dates?.slice(-rows).slice(data.start),
    forecasts,
    scores: {
      network: score(actual, network, naive),
      naive: score(actual, naive, naive),
      average: score(actual, average, naive),
    },
    rises: shareOfRises(forecasts),
    next,
    last: values.at(-1) as number,
    trained: data.start,
    seconds: (performance.now() - began) / 1000,
  };
}
