/**
 * A training whose device is lost goes on by itself, and ends with the bits of one that was never disturbed; so does
 * other work.
 */
import { describe, expect, test } from "vitest";
import { type DeviceLostError, requestDevice } from "../../src/index.ts";
import { otherLossCases } from "../conformance/device_loss.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

const data = smallData(22);
const fit = { epochs: 3, batchSize: 8 };

async function undisturbed() {
  using device = await requestDevice();
  using model = smallModel(device);
  const { history } = await model.fit(data, fit);
  return { bits: await weightBits(model), loss: history.loss };
}

const wanted = await undisturbed();

describe("fit, the device destroyed", () => {
  for (const at of [1, 5, 9]) {
    test(`after step ${at} of 9`, async () => {
      const told: DeviceLostError[] = [];
      using device = await requestDevice({ onDeviceLost: (error) => void told.push(error) });
      using model = smallModel(device);
      let steps = 0;
      const { history, recoveries } = await model.fit(data, {
        ...fit,
        callbacks: [
          {
            onBatchEnd() {
              steps++;
              if (steps === at) device.gpu.destroy();
            },
          },
        ],
      });
      expect(told.map(({ reason }) => reason)).toEqual(["destroyed"]);
      expect(recoveries).toMatchObject([{ reason: "destroyed", adapter: device.adapter }]);
      expect(history.loss).toEqual(wanted.loss);
      expect(await weightBits(model)).toEqual(wanted.bits);
      expect(device.generation).toBe(1);
    });
  }
});

/**
 * Trains until a callback stops the run after `steps` steps; destroys the device when the epoch's results are there.
 */
async function stopped(steps: number, isDestroyed: boolean) {
  using device = await requestDevice();
  using model = smallModel(device);
  const ends: string[] = [];
  let isStopping = true;
  const { history, epochs } = await model.fit(data, {
    ...fit,
    snapshotSeconds: 0,
    callbacks: [
      {
        // A press on a button comes once, however often the step is taken.
        onBatchEnd(_batch, _logs, training) {
          if (!isStopping || training.iteration !== steps) return;
          isStopping = false;
          training.stop();
        },
        onEpochEnd(epoch) {
          if (isDestroyed && !isStopping && device.generation === 0) device.gpu.destroy();
          else ends.push(`epoch ${epoch}`);
        },
        onTrainEnd: (logs) => void ends.push(`end ${JSON.stringify(logs)}`),
      },
    ],
  });
  const state = model.trainingState;
  expect(device.generation).toBe(Number(isDestroyed));
  return { history, ended: epochs.length, ends, bits: await weightBits(model), at: [state?.epoch, state?.iteration] };
}

describe("fit stopped by a callback, the device destroyed before the epoch's results are kept", () => {
  test.each([2, 3, 5, 6])("after step %i", async (steps) => {
    const undisturbed = await stopped(steps, false);
    expect(undisturbed.ended).toBe(Math.ceil(steps / 3));
    expect(undisturbed.at).toEqual([Math.ceil(steps / 3), steps]);
    expect(await stopped(steps, true)).toEqual(undisturbed);
  });
});

for (const { name, run } of otherLossCases) test(name, async () => run(await testDevice()));
