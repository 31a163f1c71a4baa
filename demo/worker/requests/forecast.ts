/** Trains a stacked LSTM on a time series, and compares its forecasts with baselines that need no network. */
import type { Progress } from "sluice";
import { besideSimple, forecastData, forecastHeldOut, forecastModel, score, shareOfRises } from "sluice/forecast";
import type {
  ForecastEvent,
  ForecastParams,
  ForecastResult,
  SeriesParams,
  SeriesView,
} from "../../messages/forecast.ts";
import type { Context } from "../context.ts";
import { decimate } from "../decimate_series.ts";
import { readSeriesTable, type SeriesTable } from "../read_series_table.ts";

const [TEST, BATCH] = [0.2, 32];
/** The name of the series that comes with the page. */
const WEATHER = "Seattle's weather, daily";

async function tableOf(file: File | undefined): Promise<SeriesTable> {
  if (file !== undefined) return readSeriesTable(file.name, await file.text());
  const { default: csv } = await import("../../../data/seattle_weather/seattle-weather.csv?raw");
  return readSeriesTable(WEATHER, csv);
}

/** The column with this name, or the table's first. */
function columnOf({ columns }: SeriesTable, wanted: string): string {
  return columns.has(wanted) ? wanted : ([...columns.keys()][0] as string);
}

/** Reads the series to train on. */
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

/** Trains on the first four fifths of a series, and forecasts the rest. */
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
