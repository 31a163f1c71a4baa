/** The results of a bench run, as plain data for JSON, tables, plots and comparisons. */
import { finite, ifGiven, readSome, recordOf, required, text } from "../core/option_table.ts";
import { WORK, type Work } from "./bench_case.ts";
import type { Measurement, Ratio } from "./harness.ts";
import type { Roofline } from "./roofline.ts";

/** The adapter and runtime of a run. */
export interface BenchPlace {
  /** The adapter's name. */
  readonly adapter: string;
  readonly runtime: { readonly name: string; readonly version: string };
  /** The clock of GPU times; peers and whole programs are always timed by wall clock. */
  readonly clock: Measurement["clock"];
}

/** One line of the table: a case, in one variant, by one library. */
export interface BenchResult {
  readonly name: string;
  readonly group: string;
  /** `sluice`, or the peer's name. */
  readonly library: string;
  /** The kernel's variant; absent if there is only one. */
  readonly variant?: string;
  /** True for the variant that Sluice chooses for this adapter and shape; the others are for comparison. */
  readonly isDefault: boolean;
  readonly work: Work;
  readonly measurement: Measurement;
  /**
   * The share of the roofline: best possible seconds / median. It is above 1 if caches hold data that the copy had to
   * fetch from memory.
   */
  readonly roofShare?: number;
  readonly compileSeconds?: number;
  readonly dispatches?: number;
  /** Additional dispatches, from work that was split to keep dispatches short. */
  readonly extraChunks?: number;
  /** Seconds of the longest dispatch. */
  readonly longestDispatch?: number;
  /** For a peer: its time relative to Sluice's, measured in turns. */
  readonly ratio?: Ratio;
  /** For a peer: a note on its results. */
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

/** All results of a run. */
export interface BenchReport {
  readonly format: "sluice-bench";
  readonly formatVersion: 1;
  readonly place: BenchPlace;
  readonly versions: Readonly<Record<string, string>>;
  readonly roofline: Roofline;
  readonly results: readonly BenchResult[];
  readonly problems: readonly BenchProblem[];
}

const KEY = { name: required(text), library: required(text), variant: ifGiven(text) };

const RATES = {
  work: required(recordOf("ratesOf: work", WORK)),
  measurement: required(recordOf("ratesOf: measurement", { median: required(finite) })),
};

/** GFLOP/s and GB/s of a result; 0 if it has no such work. */
export function ratesOf(result: BenchResult): { readonly gflops: number; readonly gigabytes: number } {
  const { work, measurement } = readSome("ratesOf", RATES, result);
  const { median } = measurement;
  return { gflops: work.flops / median / 1e9, gigabytes: work.bytes / median / 1e9 };
}

/** The key that identifies a result in several runs: its name, variant and library. */
export function keyOf(result: Pick<BenchResult, "name" | "library" | "variant">): string {
  const { name, library, variant } = readSome("keyOf", KEY, result);
  return [name, variant, library === "sluice" ? undefined : library].filter((part) => part !== undefined).join(" / ");
}
