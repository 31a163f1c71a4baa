/** Comparing two runs: what changed beyond noise, and what may not be compared. */
import { expect, test } from "vitest";
import type { BenchReport, BenchResult } from "../../src/bench/bench_report.ts";
import { assertComparable, compareReports, readReport } from "../../src/bench/compare_reports.ts";
import { comparisonLines } from "../../src/bench/report_text.ts";

type Times = readonly [low: number, median: number, high: number];

function result(name: string, [low, median, high]: Times, more: Partial<BenchResult> = {}): BenchResult {
  const measurement = {
    ...{ low, median, high, confidence: 0.96, spread: 0, samples: 9, isNoisy: false },
    ...{ clock: "wall clock" as const, runsPerSample: 1, firstRun: 1, times: [] },
  };
  const work = { flops: 1, bytes: 1 };
  return { name, group: "test", library: "sluice", isDefault: true, work, measurement, ...more };
}

function report(results: readonly BenchResult[], adapter = "one"): BenchReport {
  const place = { adapter, runtime: { name: "node", version: "20" }, clock: "wall clock" as const };
  const roofline = { flops: 1, bytes: 1 };
  return { format: "sluice-bench", formatVersion: 1, place, versions: {}, roofline, results, problems: [] };
}

test("tells faster and slower only where the intervals are apart and the change matters", () => {
  const before = report([
    result("a", [0.9, 1, 1.1]),
    result("b", [0.9, 1, 1.1]),
    result("c", [0.9, 1, 1.1]),
    result("d", [0.999, 1, 1.001]),
    result("gone", [1, 1, 1]),
    result("e", [1, 1, 1], { variant: "naive" }),
  ]);
  const after = report([
    result("a", [0.4, 0.5, 0.6]),
    result("b", [1.9, 2, 2.1]),
    result("c", [1.05, 1.3, 1.4]),
    result("d", [1.01, 1.02, 1.03]),
    result("e", [2, 2, 2], { variant: "tiled" }),
    result("new", [1, 1, 1]),
  ]);
  const comparisons = compareReports(before, after);
  expect(comparisons.map(({ key, verdict }) => `${key} ${verdict}`)).toEqual([
    "a faster",
    "b slower",
    "c same",
    "d same",
  ]);
  expect(comparisonLines(comparisons)).toEqual([
    "a  1.00 s -> 500 ms  2.00 times faster",
    "b  1.00 s -> 2.00 s  2.00 times slower",
    "2 changed beyond noise, 2 did not.",
  ]);
});

test("refuses another adapter, and another runtime, by name", () => {
  const [one, two] = [report([], "llvmpipe").place, report([], "swiftshader").place];
  expect(() => assertComparable(one, two)).toThrow(
    /on llvmpipe, in node, this one is on swiftshader, in node;.*--any-adapter/,
  );
  expect(() => assertComparable(one, { ...one, runtime: { name: "deno", version: "2" } })).toThrow("in deno");
  assertComparable(one, { ...one, runtime: { name: "node", version: "22" } });
});

test("reads its own JSON and refuses other", () => {
  const own = report([result("a", [1, 1, 1])]);
  expect(readReport(JSON.stringify(own), "old.json")).toEqual(own);
  expect(() => readReport("{", "old.json")).toThrow("old.json is not JSON");
  expect(() => readReport("null", "old.json")).toThrow("old.json is not a result");
  expect(() => readReport(JSON.stringify({ ...own, formatVersion: 2 }), "old.json")).toThrow("not a result");
  expect(() => readReport(JSON.stringify({ ...own, results: [{ name: "a" }] }), "old.json")).toThrow("not a result");
});
