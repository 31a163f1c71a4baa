/** Compares two runs of the bench: which results became faster or slower, beyond noise. */
import { FormatError, ValueError } from "../core/errors.ts";
import { instanceOf, readSome, readValue, recordOf, required, text as textKind } from "../core/option_table.ts";
import { type BenchPlace, type BenchReport, type BenchResult, keyOf } from "./bench_report.ts";
import type { Summary } from "./statistics.ts";

/** A result that both runs have. */
export interface Comparison {
  readonly key: string;
  readonly before: Pick<Summary, "median" | "low" | "high">;
  readonly after: Pick<Summary, "median" | "low" | "high">;
  /** The time relative to the earlier run; below 1 is faster. */
  readonly ratio: number;
  /** `same` if the confidence intervals of the medians overlap, or the change is too small to matter. */
  readonly verdict: "faster" | "slower" | "same";
}

const PLACE = {
  adapter: required(textKind),
  runtime: required(recordOf("assertComparable: runtime", { name: required(textKind) })),
};

const REPORT = { results: required(instanceOf<readonly BenchResult[]>("a list of results", Array)) };

/** Smaller changes of the median count as `same`, whatever the intervals. */
const LEAST_CHANGE = 0.03;

/**
 * Checks that both runs used the same adapter and runtime.
 * @throws ValueError naming both.
 */
export function assertComparable(before: BenchPlace, after: BenchPlace): void {
  const [old, now] = [before, after].map((place) => {
    const { adapter, runtime } = readSome("assertComparable", PLACE, place);
    return `${adapter}, in ${runtime.name}`;
  });
  if (old === now) return;
  throw new ValueError(
    `the earlier run was on ${old}, this one is on ${now}; times of different adapters are not comparable. Pass ` +
      "--any-adapter to compare them anyway.",
    { before: old, after: now },
  );
}

/** Compares the results that both runs have, in the order of the later run. */
export function compareReports(before: BenchReport, after: BenchReport): Comparison[] {
  const [earlier, later] = [before, after].map((report) => readSome("compareReports", REPORT, report).results);
  // Not `map`, which keeps the holes of a sparse list.
  const known = new Map(earlier?.flatMap((result) => [[keyOf(result), result] as const]));
  return (later ?? []).flatMap((result) => {
    const old = known.get(keyOf(result));
    return old === undefined ? [] : [compare(old, result)];
  });
}

function compare(old: BenchResult, result: BenchResult): Comparison {
  const [before, after] = [old.measurement, result.measurement];
  const ratio = after.median / before.median;
  const isApart = after.high < before.low || after.low > before.high;
  const matters = isApart && Math.abs(ratio - 1) > LEAST_CHANGE;
  return { key: keyOf(result), before, after, ratio, verdict: matters ? (ratio < 1 ? "faster" : "slower") : "same" };
}

/**
 * Parses a report from JSON.
 * @throws FormatError when it is not a report, or of another version.
 */
export function readReport(text: string, path: string): BenchReport {
  readValue("readReport", "text", textKind, text);
  readValue("readReport", "path", textKind, path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path} is not JSON: ${String(cause)}`, { path }, { cause });
  }
  if (!isReport(value)) {
    throw new FormatError(`${path} is not a result of \`sluice bench --json\` of this version`, { path });
  }
  return value;
}

function isReport(value: unknown): value is BenchReport {
  const report = value as Partial<BenchReport> | null;
  return (
    typeof report === "object" &&
    report?.format === "sluice-bench" &&
    report.formatVersion === 1 &&
    typeof report.place?.adapter === "string" &&
    typeof report.place.runtime?.name === "string" &&
    Array.isArray(report.results) &&
    report.results.every(
      (result: Partial<BenchResult>) =>
        typeof result.name === "string" &&
        [result.measurement?.median, result.measurement?.low, result.measurement?.high].every(Number.isFinite),
    )
  );
}
