/** What went wrong in the worker, as the page learns of it. */

/** The kind of a failure, by which the page chooses a title. */
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

/** An error as the worker sends it: its kind, and the engine's message. */
export interface Failure {
  readonly cause: FailureCause;
  readonly message: string;
}
