/** Messages of the view “Forecast”: a series, and a network's forecasts of it. */
import type { Forecasts, Scores } from "sluice/forecast";

export interface ForecastSettings {
  readonly window: number;
  readonly ahead: number;
  readonly layers: number;
  readonly units: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Only the last `rows` rows are used. */
  readonly rows: number;
}

export interface ForecastParams {
  readonly settings: ForecastSettings;
  /** The visitor's file; undefined for the weather that comes with the page. */
  readonly file: File | undefined;
  /** The column to forecast; if the file has no such column, its first column of numbers. */
  readonly column: string;
}

export interface SeriesParams {
  readonly file: File | undefined;
  readonly column: string;
  /** Only the last `rows` rows are used. */
  readonly rows: number;
}

/** A series reduced to few enough points to draw, with its minima and maxima preserved. */
export interface Curve {
  /** Row numbers, ascending. */
  readonly at: Float64Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
  /** The rows' dates, if the series has any. */
  readonly dates: readonly string[] | undefined;
}

/** A series to draw, and the columns of its table to choose from. */
export interface SeriesView {
  readonly name: string;
  readonly columns: readonly string[];
  /** The column that is shown. */
  readonly column: string;
  /** The number of rows in the table. */
  readonly rows: number;
  /** The first held-out row, counted among the rows that are used. */
  readonly start: number;
  readonly curve: Curve;
}

export interface ForecastEvent {
  readonly step: number;
  readonly steps: number;
  readonly perSecond: number;
  /** The epoch's mean so far. */
  readonly loss: number | undefined;
}

export interface ForecastResult {
  readonly column: string;
  readonly dates: readonly string[] | undefined;
  readonly forecasts: Forecasts;
  readonly scores: { readonly network: Scores; readonly naive: Scores; readonly average: Scores };
  readonly rises: number;
  /** The forecast `ahead` rows after the last row, and the last row's value. */
  readonly next: number;
  readonly last: number;
  readonly trained: number;
  readonly seconds: number;
}
