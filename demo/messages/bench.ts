/** Messages of the view “Bench”: measurements of the GPU. */
import type { DispatchTime } from "sluice";
import type { BenchJob } from "sluice/bench";

export type BenchParams = Omit<BenchJob, "runtime" | "versions">;

/** The GPU time of each dispatch of a training step. */
export interface Profile {
  readonly adapter: string;
  /** In execution order. */
  readonly times: readonly DispatchTime[];
}
