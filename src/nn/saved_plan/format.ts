/** A saved plan: how to predict, planned when the model was saved. Its limits, and its words. */

export const PLAN_FORMAT = "sluice-plan";
/** Version 1 held WGSL. */
export const PLAN_VERSION = 2;

/** Limits of a plan file. `writePlan` keeps them too: what it writes can be read. */
export const MOST = {
  bytes: 2 ** 24,
  batchSizes: 16,
  rows: 2 ** 20,
  tensors: 10_000,
  rank: 8,
  /** Distinct shaders, of all batch sizes together: each is compiled. */
  shaders: 512,
  /** Dispatches and copies of all batch sizes together. Each is recorded in every run; 100,000 end the process. */
  steps: 4096,
  /** Of one buffer: what every adapter binds. */
  bufferBytes: 2 ** 27,
  /** Inputs, constants, temporary buffers and outputs of all batch sizes together. */
  totalBytes: 2 ** 30,
  /** Of one run, in multiply-adds: a minute on a slow software adapter, a second on a slow GPU. */
  work: 2 ** 36,
} as const;

/** Places of tensors, in the order of their numbers in a file. */
export const LOCATION_KINDS = ["variable", "input", "slot", "constant", "temporary"] as const;
