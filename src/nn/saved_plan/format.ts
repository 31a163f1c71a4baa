/** A saved plan: how to predict, worked out when the model was saved. Bounds on what is read, and its words. */

export const PLAN_FORMAT = "sluice-plan";
export const PLAN_VERSION = 1;

/** Bounds on what is read of a plan; none that Sluice writes comes near. */
export const MOST = {
  bytes: 2 ** 26,
  batchSizes: 16,
  rows: 2 ** 20,
  tensors: 10_000,
  rank: 8,
  shaders: 10_000,
  steps: 100_000,
  params: 4_096,
  buffers: 64,
  /** Of a plan's temporary buffers together. */
  temporaryBytes: 2 ** 31,
} as const;

/** Places of tensors, in the order of their numbers in a file. */
export const LOCATION_KINDS = ["variable", "input", "slot", "constant", "temporary"] as const;
