/**
 * `sluice/bench`: measures kernels, models and shaders on this machine's adapter.
 * @module sluice/bench
 */
export type { BenchCase, Prepared, Work } from "./bench_case.ts";
export { type BenchJob, type BenchJobControl, type BenchJobEvent, runBenchJob } from "./bench_job.ts";
export {
  type BenchPlace,
  type BenchProblem,
  type BenchReport,
  type BenchResult,
  keyOf,
  ratesOf,
} from "./bench_report.ts";
export { CASES, type CaseSelection, selectCases } from "./cases/index.ts";
export { assertComparable, type Comparison, compareReports, readReport } from "./compare_reports.ts";
export {
  type Measurement,
  type MeasureOptions,
  measure,
  measureInTurns,
  NORMAL,
  QUICK,
  type Ratio,
} from "./harness.ts";
export { digits, placeLine, problemRow, rooflineLine, seconds } from "./report_text.ts";
export { REVIEW_SIZES, reviewTask } from "./review_model.ts";
export { type Roofline, roofSeconds } from "./roofline.ts";
export { type BenchControl, type BenchEvent, type BenchOptions, runBench } from "./run_bench.ts";
export {
  parseAmount,
  parseBuffers,
  parseWorkgroups,
  type ShaderBuffer,
  type ShaderJob,
  shaderCase,
} from "./shader_case.ts";
