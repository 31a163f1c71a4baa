/** A series as windows, and the stacked LSTM that learns what comes after each. */
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { DenseDataset } from "../data/dataset.ts";
import { type MinMaxScaler, minMaxScaler } from "../data/min_max_scaler.ts";
import { chronologicalSplit, windows } from "../data/series_windows.ts";
import { dense, dropout, lstm } from "../nn/layers/index.ts";
import type { Model } from "../nn/model/model.ts";
import { sequential } from "../nn/model/sequential.ts";
import { adam } from "../nn/optimizers/index.ts";
import type { Device } from "../runtime/device.ts";

/** How a series is cut. */
export interface WindowPlan {
  /** T: rows per window. */
  readonly window: number;
  /** How many rows after a window's last the forecast is for. */
  readonly ahead: number;
  /** The share of rows that is held out at the end. */
  readonly test: number;
}

/** What the network is like. */
export interface NetworkPlan {
  readonly window: number;
  /** LSTM layers, one upon the other. */
  readonly layers: number;
  /** Units of each. */
  readonly units: number;
  /** After each LSTM layer. */
  readonly dropout: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** A series, ready to be learnt from; scaled by its training part alone. */
export interface ForecastData {
  readonly scaler: MinMaxScaler;
  readonly train: DenseDataset;
  readonly test: DenseDataset;
  /** The row at which the held-out part begins. */
  readonly start: number;
  /** The series' last window, scaled. */
  readonly last: Float32Array;
}

/** What the network says of the rows that it never saw. */
export interface HeldOutForecasts {
  /** For each held-out row what it said `ahead` rows before, in the units of the series. */
  readonly forecasts: readonly number[];
  /** What it says of the row `ahead` after the last. */
  readonly next: number;
}

/**
 * Cuts a series, oldest first, into windows to train on and to test on.
 * @throws ValueError when the series is too short for the plan.
 * @example
 * const data = forecastData(prices, { window: 60, ahead: 1, test: 0.2 });
 */
export function forecastData(values: readonly number[], { window, ahead, test: share }: WindowPlan): ForecastData {
  const held = Math.round(values.length * share);
  const [trained, needed] = [values.length - held, window + ahead];
  if (held < 1 || trained < needed) {
    throw new ValueError(
      `the series has ${values.length} rows, ${trained} of them to train on; window ${window} and ahead ${ahead} ` +
        `need ${needed}, and test ${share} at least one row more: give a longer series, or shorter windows`,
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
 * A stacked LSTM with one output, compiled for the mean squared error.
 * @example
 * const options = { window: 60, layers: 4, units: 50, dropout: 0.2, learningRate: 0.001, seed: 7 };
 * using model = forecastModel(device, options);
 * await model.fit(data.train, { epochs: 3 });
 */
export function forecastModel(device: Device, plan: NetworkPlan): Model {
  const { window, layers, units, seed, learningRate } = plan;
  const model = sequential(
    [
      ...Array.from({ length: layers }, (_, layer) => [
        lstm({ units, returnSequences: layer < layers - 1 }),
        ...(plan.dropout > 0 ? [dropout({ rate: plan.dropout })] : []),
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
  { scaler, test, last }: ForecastData,
  options: { readonly batchSize: number; readonly signal?: AbortSignal },
): Promise<HeldOutForecasts> {
  const x = test.x as NdArray;
  const seen = new Float32Array(x.data.length + last.length);
  seen.set(x.data);
  seen.set(last, x.data.length);
  const scaled = await model.predict({ shape: [test.size + 1, last.length, 1], data: seen }, options);
  const forecasts = Array.from(scaler.inverseTransform(scaled).data);
  return { next: forecasts.pop() as number, forecasts };
}
