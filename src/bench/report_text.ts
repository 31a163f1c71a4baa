/** Formats the bench's results for a terminal. */
import { number, readSome, readValue, recordOf, required, text } from "../core/option_table.ts";
import { WORK } from "./bench_case.ts";
import type { BenchPlace, BenchProblem, BenchResult } from "./bench_report.ts";
import { keyOf, ratesOf } from "./bench_report.ts";
import type { Comparison } from "./compare_reports.ts";
import type { Roofline } from "./roofline.ts";

/** The columns: heading, width, and whether the column is right-aligned. */
const COLUMNS = [
  { head: "case", width: 50, right: false },
  { head: "variant", width: 12, right: false },
  { head: "median", width: 10, right: true },
  { head: "95% interval", width: 21, right: true },
  { head: "GFLOP/s", width: 8, right: true },
  { head: "GB/s", width: 7, right: true },
  { head: "of roof", width: 7, right: true },
  { head: "compile", width: 9, right: true },
  { head: "", width: 0, right: false },
] as const;

/** The table's heading. */
export function tableHead(): string {
  return row(COLUMNS.map(({ head }) => head));
}

/**
 * Formats a result as a line of the table. A star marks the variant that Sluice chooses; a peer's line ends with its
 * ratio.
 */
export function tableRow(result: BenchResult): string {
  const { name, library, variant, isDefault, measurement, roofShare, compileSeconds, ratio, note } = result;
  const { gflops, gigabytes } = ratesOf(result);
  const { median, low, high, isNoisy, samples } = measurement;
  const notes = [
    ...dispatchNotes(result),
    ...(ratio ? [`${factor(ratio.median)} as long as Sluice (${factor(ratio.low)} to ${factor(ratio.high)})`] : []),
    ...(note === undefined ? [] : [note]),
    ...(isNoisy ? [`noisy (${samples} samples)`] : []),
  ];
  return row([
    library === "sluice" ? name : `  ${library}`,
    variant === undefined ? "" : `${variant}${isDefault ? " *" : ""}`,
    seconds(median),
    `${seconds(low)} to ${seconds(high)}`,
    gflops > 0 ? digits(gflops) : "",
    gigabytes > 0 ? digits(gigabytes) : "",
    roofShare === undefined ? "" : `${Math.round(roofShare * 100)}%`,
    compileSeconds === undefined ? "" : seconds(compileSeconds),
    notes.join("; "),
  ]);
}

/** The number of dispatches if there are several, and the longest if it is long. */
function dispatchNotes({ dispatches = 1, extraChunks = 0, longestDispatch = 0 }: BenchResult): string[] {
  if (dispatches + extraChunks === 1 && longestDispatch < LONG_DISPATCH) return [];
  const chunks = extraChunks > 0 ? ` and ${extraChunks} ${extraChunks === 1 ? "chunk" : "chunks"}` : "";
  const longest = longestDispatch > 0 ? `, the longest ${seconds(longestDispatch)}` : "";
  return [`${dispatches} ${dispatches === 1 ? "dispatch" : "dispatches"}${chunks}${longest}`];
}

/** Longer dispatches are reported, because browsers abort dispatches that run for seconds. */
const LONG_DISPATCH = 0.05;

/** Formats a problem as a line. */
export function problemRow(problem: BenchProblem): string {
  readSome("problemRow", { message: required(text) }, problem);
  return `${keyOf(problem)}: not measured: ${problem.message}`;
}

const PLACE = {
  adapter: required(text),
  runtime: required(recordOf("placeLine: runtime", { name: required(text), version: required(text) })),
  clock: required(text),
};

/** The line that names the adapter and the runtime. */
export function placeLine(place: BenchPlace): string {
  const { adapter, runtime, clock } = readSome("placeLine", PLACE, place);
  return `${adapter}, in ${runtime.name} ${runtime.version}; timed by ${clock}, peers and whole models by wall clock`;
}

/** The line that describes the roofline. */
export function rooflineLine(roofline: Roofline): string {
  const { flops, bytes } = readSome("rooflineLine", WORK, roofline);
  return (
    `roof, measured: ${digits(flops / 1e9)} GFLOP/s of multiply-adds in registers, ${digits(bytes / 1e9)} GB/s ` +
    "of copying"
  );
}

/** The lines of a comparison of two runs: the changes, and how many results stayed the same. */
export function comparisonLines(comparisons: readonly Comparison[]): string[] {
  const changed = comparisons.filter(({ verdict }) => verdict !== "same");
  const same = comparisons.length - changed.length;
  const width = Math.max(0, ...changed.map(({ key }) => key.length));
  return [
    ...changed.map(({ key, before, after, ratio, verdict }) => {
      const times = verdict === "faster" ? 1 / ratio : ratio;
      return (
        `${key.padEnd(width)}  ${seconds(before.median)} -> ${seconds(after.median)}  ${digits(times)} times ` +
        `${verdict}`
      );
    }),
    `${changed.length} changed beyond noise, ${same} did not.`,
  ];
}

/** Formats a duration: `0.00123` becomes "1.23 ms". */
export function seconds(value: number): string {
  readValue("seconds", "value", number, value);
  if (value >= 1) return `${digits(value)} s`;
  if (value >= 1e-3) return `${digits(value * 1e3)} ms`;
  return `${digits(value * 1e6)} µs`;
}

/** Formats a number with three significant digits. */
export function digits(value: number): string {
  readValue("digits", "value", number, value);
  if (value === 0) return "0";
  if (value >= 100) return String(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : 2);
}

function factor(value: number): string {
  return `${digits(value)} times`;
}

function row(cells: readonly string[]): string {
  return COLUMNS.map(({ width, right }, index) => {
    const cell = cells[index] ?? "";
    return right ? cell.padStart(width) : cell.padEnd(width);
  })
    .join("  ")
    .trimEnd();
}
