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

/** A table's columns, to choose from. */
export interface SeriesColumns {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
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

/** The columns of a file that hold numbers. */
export async function seriesColumns(
  _context: Context,
  { file }: { readonly file: File | undefined },
): Promise<SeriesColumns> {
  const { name, columns } = await tableOf(file);
  const names = [...columns.keys()];
  return { name, columns: names, rows: columns.get(names[0] as string)?.length ?? 0 };
}

/** Learns from the first four fifths of a series, and forecasts the rest. */
export async function forecast(context: Context<ForecastEvent>, params: ForecastParams): Promise<ForecastResult> {
  const { session, signal, tell } = context;
  const { settings, file } = params;
  const { epochs, rows, ahead } = settings;
  const { columns, dates } = await tableOf(file);
  const column = columns.has(params.column) ? params.column : ([...columns.keys()][0] as string);
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
