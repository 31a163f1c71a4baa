/** The tutorial's model at its full size, for one step: how many dispatches it takes. */
import { expect, test } from "vitest";
import { adam, dense, embedding, lstm, requestDevice, sequential } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { countGpuCalls } from "../support/gpu_calls.ts";

test.each([
  ["the adapter's limits", false, 40],
  ["WebGPU's default limits", true, 45],
])(
  "a training step of the tutorial's model takes one submit, and within %s (default: %s) at most %i dispatches",
  async (_, defaultLimits, most) => {
    using own = defaultLimits ? await requestDevice({ defaultLimits }) : undefined;
    const device = own ?? (await testDevice());
    using model = sequential(
      [embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
      { device, inputShape: [500], seed: 7 },
    );
    model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
    expect(model.summary()).toContain("Total params: 213,301");
    const [rows, length] = [64, 500];
    const x = {
      shape: [rows, length],
      data: Int32Array.from({ length: rows * length }, (_, at) => (at * 7919) % 5000),
    };
    const y = { shape: [rows, 1], data: Float32Array.from({ length: rows }, (_, at) => at % 2) };
    const calls = countGpuCalls(device);
    const { statistics, history } = await model.fit(x, y, { batchSize: rows });
    calls.restore();
    console.log("the tutorial's step:", JSON.stringify(statistics));
    expect(history.loss?.[0]).toBeCloseTo(Math.log(2), 1);
    expect(statistics.dispatchesPerStep).toBeLessThanOrEqual(most);
    expect(calls.submits).toBe(1);
  },
);
