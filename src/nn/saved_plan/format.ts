/** The format of saved plans, which predict without planning: version, limits and names. */

export const PLAN_FORMAT = "sluice-plan";
/** Version 1 contained WGSL. */
export const PLAN_VERSION = 2;

/** The limits of a plan file. `writePlan` respects them, so that every file it writes can be read. */
export const MOST = {
  bytes: 2 ** 24,
  batchSizes: 16,
  rows: 2 ** 20,
  tensors: 10_000,
  rank: 8,
  /** Distinct shaders in all batch sizes together. Each is compiled. */
  shaders: 512,
  /** Dispatches and copies in all batch sizes together. Each is recorded in every run; 100,000 crash the process. */
  steps: 4096,
  /** The size of one buffer, which every adapter can bind. */
  bufferBytes: 2 ** 27,
  /** The total size of inputs, constants, temporary buffers and outputs in all batch sizes together. */
  totalBytes: 2 ** 30,
  /** The multiply-adds of one run: a minute on a slow software adapter, a second on a slow GPU. */
  work: 2 ** 36,
} as const;

/** Kinds of tensor locations, in the order of their numbers in a file. */
export const LOCATION_KINDS = ["variable", "input", "slot", "constant", "temporary"] as const;
