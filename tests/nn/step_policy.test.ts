/** When a training step is read back or kept, and from where its pace is told: pure functions of the situation. */
import { describe, expect, test } from "vitest";
import { progressOf } from "../../src/nn/training/progress.ts";
import { beginTimings, type StepSituation, stepMode, timingsAfterStep } from "../../src/nn/training/step_policy.ts";

describe("stepMode", () => {
  const plain: StepSituation = {
    isLast: false,
    isSnapshotDue: false,
    heldBytes: 0,
    wantsLogs: false,
    lastRead: { time: 1000, batch: 5 },
    now: { time: 1010, batch: 6 },
  };

  test.each<readonly [string, Partial<StepSituation>, ReturnType<typeof stepMode>]>([
    ["as a rule", {}, "submit"],
    ["the last of the epoch", { isLast: true }, "snapshot"],
    ["with a snapshot due", { isSnapshotDue: true }, "snapshot"],
    ["with many bytes held", { heldBytes: 64 * 2 ** 20 + 1 }, "snapshot"],
    ["with as many bytes held as may be", { heldBytes: 64 * 2 ** 20 }, "submit"],
    ["where a callback wants logs", { wantsLogs: true }, "read"],
    ["where logs are wanted and a snapshot is due", { wantsLogs: true, isSnapshotDue: true }, "snapshot"],
    ["10 steps and half a second later", { now: { time: 1500, batch: 15 } }, "read"],
    ["9 steps and half a second later", { now: { time: 1500, batch: 14 } }, "submit"],
    ["10 steps and less than half a second later", { now: { time: 1499, batch: 15 } }, "submit"],
  ])("%s", (_, situation, mode) => {
    expect(stepMode({ ...plain, ...situation })).toBe(mode);
  });
});

describe("the pace", () => {
  const data = { count: 20, samplesOf: (steps: number) => 8 * steps };
  const state = { epochs: 2, epoch: 0 };
  const moment = (batch: number) => ({ time: 1000 * batch, batch });

  test("is told from the fifth step of a run on, in an epoch that was entered in its middle too", () => {
    let timings = beginTimings(moment(3), false);
    const rates = [4, 5, 6, 7, 8, 9].map((batch) => {
      timings = timingsAfterStep(timings, moment(batch));
      return progressOf(state, data, {}, timings.paceFrom, moment(batch)).samplesPerSecond;
    });
    expect(rates).toEqual([0, 0, 0, 0, 8, 8]);
  });

  test("is told at once in later epochs, with the time that is left", () => {
    const timings = timingsAfterStep(beginTimings(moment(0), true), moment(1));
    expect(progressOf(state, data, { loss: 1 }, timings.paceFrom, moment(1))).toEqual({
      epoch: 1,
      epochs: 2,
      batch: 1,
      batches: 20,
      logs: { loss: 1 },
      samplesPerSecond: 8,
      secondsLeft: 39,
    });
  });

  test("of a stream whose length is not known leaves the time open", () => {
    const stream = { ...data, count: undefined };
    const { batches, secondsLeft, samplesPerSecond } = progressOf(state, stream, {}, moment(0), moment(2));
    expect({ batches, secondsLeft, samplesPerSecond }).toEqual({ batches: 0, secondsLeft: 0, samplesPerSecond: 8 });
  });
});
