/** The trainings that the command line runs, by name: here, or in a page that is told which. */
import { type ForecastJob, type ForecastResult, runForecast } from "./forecast_job.ts";
import { runTraining, type TrainJob, type TrainResult } from "./sentiment_job.ts";
import type { JobControl } from "./training_job.ts";

/** What each is given, and what comes of it. */
export interface Tasks {
  readonly train: { readonly job: TrainJob; readonly result: TrainResult };
  readonly forecast: { readonly job: ForecastJob; readonly result: ForecastResult };
}

/** A training's name. */
export type TaskName = keyof Tasks;

/** Runs one; undefined when `control.signal` stopped it. */
export type Runner<Name extends TaskName> = (
  job: Tasks[Name]["job"],
  control: JobControl,
) => Promise<Tasks[Name]["result"] | undefined>;

/** What runs each. */
export const RUNNERS: { readonly [Name in TaskName]: Runner<Name> } = { train: runTraining, forecast: runForecast };
