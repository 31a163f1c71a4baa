/** The runner of conformance cases itself: what must fail a case does. */
import "../../src/node.ts";
import { expect, test } from "vitest";
import type { ConformanceCase } from "../conformance/case.ts";
import { matching, openRunner, type Report, runCases } from "../conformance/run.ts";

const passing: ConformanceCase = { name: "passes", run: async ({ gpu }) => gpu.queue.onSubmittedWorkDone() };
const throwing: ConformanceCase = { name: "throws", run: () => Promise.reject(new Error("expected 1, came 2")) };
const faulty: ConformanceCase = {
  name: "lets an error go uncaptured",
  run: async ({ gpu }) => void gpu.createBuffer({ size: 16, usage: 0 }),
};

test("a case fails by what it throws and by uncaptured errors; the next case gets a good device", async () => {
  const reports: Report[] = [];
  await runCases([passing, throwing, faulty, passing], (report) => reports.push(report));
  expect(reports[0]).toMatchObject({ kind: "adapter" });
  expect(reports.at(-1)).toEqual({ kind: "done" });
  const errors = reports.flatMap((report) => (report.kind === "case" ? [report.error] : []));
  expect(errors).toEqual([
    undefined,
    expect.stringContaining("expected 1, came 2"),
    expect.stringMatching(/uncaptured error: .*usage/i),
    undefined,
  ]);
});

test("a missing adapter is told, never passed over", async () => {
  const { requestAdapter } = navigator.gpu;
  const reports: Report[] = [];
  try {
    navigator.gpu.requestAdapter = async () => null;
    await runCases([passing], (report) => reports.push(report));
    await expect(openRunner()).rejects.toThrow(/adapter/);
  } finally {
    navigator.gpu.requestAdapter = requestAdapter;
  }
  expect(reports).toEqual([{ kind: "fatal", error: expect.stringContaining("mesa-vulkan-drivers") }]);
});

test("cases are chosen by a part of their name", () => {
  expect(matching([passing, throwing], "thr")).toEqual([throwing]);
  expect(matching([passing, throwing], undefined)).toHaveLength(2);
});
