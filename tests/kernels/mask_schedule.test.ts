import { describe, expect, it } from "vitest";
import { maskScheduleCall, scheduleSize } from "../../src/kernels/recurrent/row_order.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";
import { scheduleOf, testMask } from "./lstm_reference.ts";

describe("maskScheduleCall", () => {
  it.each([
    [1, 1],
    [3, 7],
    [17, 65],
    [70, 130],
    [257, 5],
  ])("sorts %i rows of %i steps by length, the longest first", async (batch, steps) => {
    for (const kind of ["left", "right", "holes"] as const) {
      const mask = testMask(kind, batch, steps);
      const call = maskScheduleCall(
        operand("input", 0, [batch, steps], "bool"),
        operand("output", 0, [scheduleSize(batch, steps)], "int32"),
      );
      const [schedule] = await runKernel(await testDevice(), call, [mask]);
      expect(Array.from(schedule ?? [])).toEqual(Array.from(scheduleOf(mask, batch, steps)));
    }
  });
});
