/** The tutorial's model at its full size, for one step: how many dispatches it takes. */
import { expect, test } from "vitest";
import { requestDevice } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { countGpuCalls } from "../support/gpu_calls.ts";
import { MOST_DISPATCHES, ROWS, tutorialBatch, tutorialModel } from "../support/tutorial.ts";

test.each([
  ["the adapter's limits", false],
  ["WebGPU's default limits", true],
])(
  "a training step of the tutorial's model takes one submit and few dispatches within %s",
  async (_, defaultLimits) => {
    using own = defaultLimits ? await requestDevice({ defaultLimits }) : undefined;
    const device = own ?? (await testDevice());
    using model = tutorialModel(device);
    expect(model.summary()).toContain("Total params: 213,301");
    const { x, y } = tutorialBatch();
    const calls = countGpuCalls(device);
    const { statistics, history } = await model.fit(x, y, { batchSize: ROWS });
    calls.restore();
    console.log("the tutorial's step:", JSON.stringify(statistics));
    expect(history.loss?.[0]).toBeCloseTo(Math.log(2), 1);
    expect(statistics.dispatchesPerStep).toBeLessThanOrEqual(MOST_DISPATCHES);
    expect(calls.submits).toBe(1);
  },
);
