/** A profile summed by operation. */
import { expect, test } from "vitest";
import { profileText } from "../../src/cli/training_report.ts";
import { operationTimes } from "../../src/index.ts";

const time = (operation: string, seconds: number) => ({ kernel: `${operation} kernel`, operation, seconds });

test("sums by operation, the longest first, with shares that add up to one", () => {
  const times = operationTimes([time("matmul", 0.1), time("sweep", 0.5), time("matmul", 0.3), time("add", 0.1)]);
  expect(times.map(({ operation, dispatches }) => `${operation} ${dispatches}`)).toEqual([
    "sweep 1",
    "matmul 2",
    "add 1",
  ]);
  expect(times.map(({ share }) => share.toFixed(2))).toEqual(["0.50", "0.40", "0.10"]);
  expect(operationTimes([])).toEqual([]);
  expect(operationTimes([time("a", 0)])).toMatchObject([{ share: 0 }]);
  expect(profileText(times).split("\n")).toEqual([
    "One training step takes 1000.00 ms on the GPU:",
    "  sweep     500.00 ms   50.0%  1 dispatch",
    "  matmul    400.00 ms   40.0%  2 dispatches",
    "  add       100.00 ms   10.0%  1 dispatch",
  ]);
});
