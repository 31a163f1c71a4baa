/** The training that `sluice forecast` runs: a stacked LSTM that learns what comes after each window of a series. */
import { type MinMaxScaler, minMaxScaler } from "../data/min_max_scaler.ts";
import { chronologicalSplit, windows } from "../data/windows.ts";
import { adam, type Device, dense, dropout, loadModel, lstm, type Model, sequential } from "../index.ts";
import type { ForecastOptions } from "./forecast_options.ts";
import { introduce, type Job, type JobControl, type JobResult, onDevice, resultOf, teach } from "./job.ts";
import { UsageError } from "./usage_error.ts";

/** What to forecast. */
export interface ForecastJob extends Job {
  readonly options: ForecastOptions;
  /** The series, oldest first. */
  readonly values: readonly number[];
  /** What to say of it. */
  readonly about: string;
}

/** What came of a training that ran to its end. */
export interface ForecastResult extends JobResult {
  /** The row at which the held-out part begins. */
  readonly start: number;
  /** For each held-out row what the network said `ahead` rows before, in the units of the series. */
  readonly forecasts: readonly number[];
  /** What it says of the row `ahead` after the last. */
  readonly next: number;
}

/**
 * Learns from the first rows, and forecasts the held-out ones.
 * @returns the result, or undefined when `signal` stopped the training; what was learnt was given to `onEvent` in each case.
 * @throws SluiceError for a series that is too short, a missing adapter, a loss that is not finite.
 */
export function runForecast(job: ForecastJob, control: JobControl): Promise<ForecastResult | undefined> {
  return onDevice(job, control, (device) => forecastOn(device, job, control));
}

async function forecastOn(device: Device, job: ForecastJob, control: JobControl): Promise<ForecastResult> {
  const { options, resume } = job;
  const { epochs, batchSize } = options;
  const { scaler, train, test, start, last } = prepare(job.values, options);
  await control.onEvent({ kind: "data", text: job.about });
  const model = resume ? await loadModel(resume, { device }) : buildModel(device, options);
  await introduce(model, control);
  const history = await teach(model, train, { epochs, batchSize, resume: resume !== undefined }, control);
  const seen = new Float32Array(test.x.data.length + last.length);
  seen.set(test.x.data);
  seen.set(last, test.x.data.length);
  const shape = [test.size + 1, options.window, 1];
  const scaled = await model.predict({ shape, data: seen }, { batchSize, signal: control.signal });
  const forecasts = Array.from(scaler.inverseTransform(scaled).data);
  return { ...(await resultOf(model, history)), start, next: forecasts.pop() as number, forecasts };
}

/**
 * Windows to train on and to test on, scaled by the training part alone, and the series' last window.
 * @throws UsageError when the series is too short for the options.
 */
export function prepare(values: readonly number[], { window, ahead, test: testFraction }: ForecastOptions) {
  const held = Math.round(values.length * testFraction);
  const [trained, needed] = [values.length - held, window + ahead];
  if (held < 1 || trained < needed) {
    throw new UsageError(
      `the series has ${values.length} rows, ${trained} of them to train on; --window ${window} and --ahead ${ahead} need ${needed}, and --test ${testFraction} at least one row more: give a longer series, or shorter windows`,
    );
  }
  const cut = { length: window, gap: ahead - 1 };
  const { train, test, start } = chronologicalSplit([...values], { testFraction, context: window + ahead - 1 });
  const scaler: MinMaxScaler = minMaxScaler().fit(train);
  return {
    scaler,
    train: windows(scaler.transform(train), cut),
    test: windows(scaler.transform(test), cut),
    start,
    last: scaler.transform(values.slice(-window)).data,
  };
}

function buildModel(device: Device, options: ForecastOptions): Model {
  const { window, layers, units, seed, learningRate } = options;
  const model = sequential(
    [
      ...Array.from({ length: layers }, (_, layer) => [
        lstm({ units, returnSequences: layer < layers - 1 }),
        ...(options.dropout > 0 ? [dropout({ rate: options.dropout })] : []),
      ]).flat(),
      dense({ units: 1 }),
    ],
    { device, inputShape: [window, 1], seed },
  );
  model.compile({ optimizer: adam({ learningRate }), loss: "meanSquaredError" });
  return model;
}
