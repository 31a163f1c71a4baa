/** Errors of the worker, as the page receives them. */

/** The kind of a failure, which determines the title of the notice. */
export type FailureCause =
  | "aborted"
  | "noWebGpu"
  | "noGpu"
  | "gpuLost"
  | "notFinite"
  | "badFile"
  | "badValue"
  | "diskFull"
  | "noModel"
  | "workerGone"
  | "other";

/** An error as plain data: its kind, and the engine's message. */
export interface Failure {
  readonly cause: FailureCause;
  readonly message: string;
}
