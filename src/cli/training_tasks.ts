/** The training tasks of the command line, by name, for this process and for a page. */
import { type ForecastJob, type ForecastResult, runForecast } from "./forecast_job.ts";
import { runTraining, type TrainJob, type TrainResult } from "./sentiment_job.ts";
import type { JobControl } from "./training_job.ts";

/** The job and the result of each task. */
export interface Tasks {
  readonly train: { readonly job: TrainJob; readonly result: TrainResult };
  readonly forecast: { readonly job: ForecastJob; readonly result: ForecastResult };
}

/** The name of a task. */
export type TaskName = keyof Tasks;

/** Runs a task. Resolves with undefined if `control.signal` stopped it. */
export type Runner<Name extends TaskName> = (
  job: Tasks[Name]["job"],
  control: JobControl,
) => Promise<Tasks[Name]["result"] | undefined>;

/** The function that runs each task. */
export const RUNNERS: { readonly [Name in TaskName]: Runner<Name> } = { train: runTraining, forecast: runForecast };
