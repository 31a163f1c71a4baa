/** What a run of the bench found, as plain data: for JSON, tables, plots and comparisons. */
import type { Work } from "./bench_case.ts";
import type { Measurement, Ratio } from "./harness.ts";
import type { Roofline } from "./roofline.ts";

/** Where a run took place. */
export interface BenchPlace {
  /** The adapter's name. */
  readonly adapter: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** What GPU times are taken with; peers and whole programs are always timed by wall clock. */
  readonly clock: Measurement["clock"];
}

/** One line of the table: a case, in one variant, by one library. */
export interface BenchResult {
  readonly name: string;
  readonly group: string;
  /** `sluice`, or the peer's name. */
  readonly library: string;
  /** The kernel's variant; absent where there is one way only. */
  readonly variant?: string;
  /** True for what Sluice runs by itself on this adapter and shape; other variants are for comparison. */
  readonly isDefault: boolean;
  readonly work: Work;
  readonly measurement: Measurement;
  /** Share of the roof: seconds at best / median. Above 1 where caches hold what the copy had to fetch from memory. */
  readonly roofShare?: number;
  readonly compileSeconds?: number;
  readonly dispatches?: number;
  /** Dispatches more that only keep each of them short. */
  readonly extraChunks?: number;
  /** Seconds of the longest dispatch. */
  readonly longestDispatch?: number;
  /** Of a peer: how many times as long as Sluice it takes, measured in turns. */
  readonly ratio?: Ratio;
  /** Of a peer: what is to be known of its results. */
  readonly note?: string;
}

/** A line that could not be measured, and why. */
export interface BenchProblem {
  readonly name: string;
  readonly group: string;
  readonly library: string;
  readonly variant?: string;
  readonly message: string;
}

/** Everything that a run found. */
export interface BenchReport {
  readonly format: "sluice-bench";
  readonly formatVersion: 1;
  readonly place: BenchPlace;
  readonly versions: Readonly<Record<string, string>>;
  readonly roofline: Roofline;
  readonly results: readonly BenchResult[];
  readonly problems: readonly BenchProblem[];
}

/** GFLOP/s and GB/s of a result; 0 where it has no such work. */
export function ratesOf({ work, measurement: { median } }: BenchResult): {
  readonly gflops: number;
  readonly gigabytes: number;
} {
  return { gflops: work.flops / median / 1e9, gigabytes: work.bytes / median / 1e9 };
}

/** A result's name with its variant and library: what is the same in two runs. */
export function keyOf({ name, library, variant }: Pick<BenchResult, "name" | "library" | "variant">): string {
  return [name, variant, library === "sluice" ? undefined : library].filter((part) => part !== undefined).join(" / ");
}
