/** The training that `sluice forecast` runs: a stacked LSTM that learns what comes after each window of a series. */
import { ValueError } from "../core/errors.ts";
import { type ForecastData, forecastData, forecastHeldOut, forecastModel } from "../forecast/index.ts";
import { type Device, loadModel } from "../index.ts";
import type { ForecastOptions } from "./forecast_options.ts";
import { introduce, type Job, type JobControl, type JobResult, onDevice, resultOf, teach } from "./training_job.ts";
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
 * @returns the result, or undefined when `signal` stopped the training; what was learnt was given to `onEvent` in each
 * case.
 * @throws SluiceError for a series that is too short, a missing adapter, a loss that is not finite.
 */
export function runForecast(job: ForecastJob, control: JobControl): Promise<ForecastResult | undefined> {
  return onDevice(job, control, (device) => forecastOn(device, job, control));
}

async function forecastOn(device: Device, job: ForecastJob, control: JobControl): Promise<ForecastResult> {
  const { options, resume } = job;
  const { epochs, batchSize } = options;
  const data = prepare(job.values, options);
  await control.onEvent({ kind: "data", text: job.about });
  const model = resume ? await loadModel(resume, { device }) : forecastModel(device, options);
  await introduce(model, control);
  const history = await teach(model, data.train, { epochs, batchSize, resume: resume !== undefined }, control);
  const held = await forecastHeldOut(model, data, { batchSize, signal: control.signal });
  return { ...(await resultOf(model, history)), start: data.start, ...held };
}

/**
 * The series as windows.
 * @throws UsageError when the series is too short for the options.
 */
export function prepare(values: readonly number[], options: ForecastOptions): ForecastData {
  try {
    return forecastData(values, options);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    // By the names that were typed.
    throw new UsageError(error.message.replace(/\b(window|ahead|test) (?=[\d.])/g, "--$1 "));
  }
}
