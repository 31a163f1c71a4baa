/** Cuts a series into windows, and builds the stacked LSTM that predicts the value after each window. */
import { ValueError } from "../core/errors.ts";
import { isShaped } from "../core/nd_array.ts";
import {
  aboveZero,
  finite,
  fraction,
  instanceOf,
  integer,
  listOf,
  positive,
  rate,
  readSome,
  readValue,
  required,
  resolvedBy,
  type TableOf,
  upTo,
} from "../core/option_table.ts";
import type { DenseDataset } from "../data/dataset.ts";
import { MinMaxScaler, minMaxScaler } from "../data/min_max_scaler.ts";
import { chronologicalSplit, windows } from "../data/series_windows.ts";
import { dense, dropout, lstm } from "../nn/layers/index.ts";
import { Model } from "../nn/model/model.ts";
import { sequential } from "../nn/model/sequential.ts";
import { adam } from "../nn/optimizers/index.ts";
import type { Device } from "../runtime/device.ts";

/** How to cut a series. */
export interface WindowPlan {
  /** T: the number of rows per window. */
  readonly window: number;
  /** How many rows after the window's last row to forecast. */
  readonly ahead: number;
  /** The share of rows that is held out at the end. */
  readonly test: number;
}

/** The network's hyperparameters. */
export interface NetworkPlan {
  readonly window: number;
  /** The number of stacked LSTM layers. */
  readonly layers: number;
  /** The units of each layer. */
  readonly units: number;
  /** The dropout rate after each LSTM layer. */
  readonly dropout: number;
  readonly learningRate: number;
  readonly seed: number;
}

const WINDOWS = {
  window: required(positive),
  ahead: required(positive),
  test: required(fraction),
} satisfies TableOf<WindowPlan>;

const NETWORK = {
  window: required(positive),
  layers: required(upTo(100)),
  units: required(positive),
  dropout: required(rate),
  learningRate: required(aboveZero),
  seed: required(integer),
} satisfies TableOf<NetworkPlan>;

/** A series prepared for training. The scaler is fitted on the training part alone. */
export interface ForecastData {
  readonly scaler: MinMaxScaler;
  readonly train: DenseDataset;
  readonly test: DenseDataset;
  /** The row at which the held-out part begins. */
  readonly start: number;
  /** The series' last window, scaled. */
  readonly last: Float32Array;
}

const windowsKind = resolvedBy("windows from forecastData()", (given: DenseDataset) =>
  isShaped(given?.x) ? given : undefined,
);

/** The members of `ForecastData` that are checked. */
const DATA = {
  scaler: required(instanceOf("a MinMaxScaler", MinMaxScaler)),
  test: required(windowsKind),
  last: required(instanceOf("a Float32Array", Float32Array)),
};

/** The network's forecasts of the held-out rows. */
export interface HeldOutForecasts {
  /** The forecast of each held-out row, made `ahead` rows before it, in the units of the series. */
  readonly forecasts: readonly number[];
  /** The forecast `ahead` rows after the last row. */
  readonly next: number;
}

/**
 * Cuts a series, oldest value first, into training and test windows.
 * @throws ValueError when the series is too short for the plan.
 * @example
 * const data = forecastData(prices, { window: 60, ahead: 1, test: 0.2 });
 */
export function forecastData(values: readonly number[], plan: WindowPlan): ForecastData {
  readValue("forecastData", "values", listOf(finite), values);
  const { window, ahead, test: share } = readSome("forecastData(values)", WINDOWS, plan);
  const held = Math.round(values.length * share);
  const [trained, needed] = [values.length - held, window + ahead];
  if (held < 1 || trained < needed) {
    throw new ValueError(
      `the series has ${values.length} rows, ${trained} of them for training; window ${window} and ahead ${ahead} ` +
        `need ${needed}, and test ${share} needs at least one more row: give a longer series, or shorter windows`,
      { rows: values.length, needed },
    );
  }
  const cut = { length: window, gap: ahead - 1 };
  const { train, test, start } = chronologicalSplit([...values], {
    testFraction: share,
    context: window + ahead - 1,
  });
  const scaler = minMaxScaler().fit(train);
  return {
    scaler,
    train: windows(scaler.transform(train), cut),
    test: windows(scaler.transform(test), cut),
    start,
    last: scaler.transform(values.slice(-window)).data as Float32Array,
  };
}

/**
 * Builds a stacked LSTM with one output, compiled with the mean squared error.
 * @example
 * const options = { window: 60, layers: 4, units: 50, dropout: 0.2, learningRate: 0.001, seed: 7 };
 * using model = forecastModel(device, options);
 * await model.fit(data.train, { epochs: 3 });
 */
export function forecastModel(device: Device, plan: NetworkPlan): Model {
  const {
    window,
    layers,
    units,
    seed,
    learningRate,
    dropout: share,
  } = readSome("forecastModel(device)", NETWORK, plan);
  const model = sequential(
    [
      ...Array.from({ length: layers }, (_, layer) => [
        lstm({ units, returnSequences: layer < layers - 1 }),
        ...(share > 0 ? [dropout({ rate: share })] : []),
      ]).flat(),
      dense({ units: 1 }),
    ],
    { device, inputShape: [window, 1], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: "meanSquaredError" });
  return model;
}

/** Forecasts the held-out rows, and the row after the last. */
export async function forecastHeldOut(
  model: Model,
  data: ForecastData,
  options: { readonly batchSize: number; readonly signal?: AbortSignal },
): Promise<HeldOutForecasts> {
  readValue("forecastHeldOut", "model", instanceOf("a model", Model), model);
  const { scaler, test, last } = readSome("forecastHeldOut(model)", DATA, data);
  const { x } = test;
  const seen = new Float32Array(x.data.length + last.length);
  seen.set(x.data);
  seen.set(last, x.data.length);
  const scaled = await model.predict({ shape: [test.size + 1, last.length, 1], data: seen }, options);
  const forecasts = Array.from(scaler.inverseTransform(scaled).data);
  return { next: forecasts.pop() as number, forecasts };
}
