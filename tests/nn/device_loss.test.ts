/** A training whose device is lost goes on by itself, and ends with the bits of one that was never disturbed; so does other work. */
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

for (const { name, run } of otherLossCases) test(name, async () => run(await testDevice()));
