/** The job of `sluice forecast`: trains a stacked LSTM to predict the value after each window of a series. */
import { ValueError } from "../core/errors.ts";
import { type ForecastData, forecastData, forecastHeldOut, forecastModel } from "../forecast/index.ts";
import { type Device, loadModel } from "../index.ts";
import type { ForecastOptions } from "./forecast_options.ts";
import {
  fitWithProgress,
  type Job,
  type JobControl,
  type JobResult,
  onDevice,
  reportModel,
  resultOf,
} from "./training_job.ts";
import { UsageError } from "./usage_error.ts";

/** The parameters of the job. */
export interface ForecastJob extends Job {
  readonly options: ForecastOptions;
  /** The series, oldest value first. */
  readonly values: readonly number[];
  /** A description of the data, to print. */
  readonly about: string;
}

/** The result of a completed training run. */
export interface ForecastResult extends JobResult {
  /** The first held-out row. */
  readonly start: number;
  /** The forecast of each held-out row, made `ahead` rows before it, in the units of the series. */
  readonly forecasts: readonly number[];
  /** The forecast `ahead` rows after the last row. */
  readonly next: number;
}

/**
 * Trains on the first rows and forecasts the held-out rows.
 * @returns the result, or undefined if `signal` stopped training; in both cases `onEvent` has received the model to
 * save
 * @throws SluiceError when the series is too short, there is no adapter, or the loss is not finite
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
  await reportModel(model, control);
  const history = await fitWithProgress(
    model,
    data.train,
    { epochs, batchSize, resume: resume !== undefined },
    control,
  );
  const held = await forecastHeldOut(model, data, { batchSize, signal: control.signal });
  return { ...(await resultOf(model, history)), start: data.start, ...held };
}

/**
 * Cuts the series into windows.
 * @throws UsageError when the series is too short for the options.
 */
export function prepare(values: readonly number[], options: ForecastOptions): ForecastData {
  try {
    return forecastData(values, options);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    // Name the options as they are typed.
    throw new UsageError(error.message.replace(/\b(window|ahead|test) (?=[\d.])/g, "--$1 "));
  }
}
