/** Nothing is left behind: by models built and disposed, nor by steps. */
import { beforeAll, expect, test } from "vitest";
import { type Device, dense, embedding, lstm, requestDevice, sequential } from "../../src/index.ts";
import { manyMemoryCases } from "../conformance/memory.ts";
import { collect } from "../support/collect.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const data = smallData(8);

/** Resident memory after a collection. */
function residentBytes(): number {
  collect();
  return process.memoryUsage().rss;
}

test("20 models built, trained, asked and disposed leave the device as it was", async () => {
  const start = device.memory;
  for (let count = 0; count < 20; count++) {
    const model = smallModel(device, { seed: count });
    await model.fit(data, { batchSize: 4, validationSplit: 0.25 });
    await model.predict(data.x.slice(0, 3));
    await model.evaluate(data);
    await model.trace(data.x.slice(0, 1));
    await model.gradients(data.x.slice(0, 1));
    expect(device.memory.bytes).toBeGreaterThan(start.bytes);
    model.dispose();
  }
  expect(device.memory).toMatchObject({ bytes: start.bytes, buffers: start.buffers });
});

test("a fit that fails while it is prepared leaves nothing", async () => {
  using model = smallModel(device);
  await model.weights();
  const { bytes, buffers } = device.memory;
  const { createBindGroup } = device.gpu;
  device.gpu.createBindGroup = () => {
    throw new Error("no bind group today");
  };
  try {
    await expect(model.fit(data)).rejects.toThrow("no bind group today");
  } finally {
    device.gpu.createBindGroup = createBindGroup;
  }
  expect(device.memory).toMatchObject({ bytes, buffers });
  await expect(model.fit(data)).resolves.toBeDefined();
});

test("1,000 steps keep the device's bytes equal and the process's memory within 5%", async () => {
  using model = smallModel(device);
  const rows = smallData(40);
  const bytes = new Set<number>();
  const resident: number[] = [];
  await model.fit(rows, {
    batchSize: 4,
    epochs: 180,
    onProgress: ({ ended }) => {
      if (ended === undefined || ended.epoch < 80) return;
      bytes.add(device.memory.bytes);
      resident.push(residentBytes());
    },
  });
  expect([...bytes]).toHaveLength(1);
  // Medians: one collection more or less does not count.
  const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] as number;
  const [before, after] = [median(resident.slice(0, 20)), median(resident.slice(-20))];
  console.log(
    `resident memory: ${(before / 2 ** 20).toFixed(1)} MiB, 800 steps later ${(after / 2 ** 20).toFixed(1)} MiB`,
  );
  expect(after).toBeLessThan(before * 1.05);
});

test("with microBatchSize a step takes the memory of so many rows", async () => {
  const rows = Array.from({ length: 64 }, (_, row) => Array.from({ length: 100 }, (__, t) => (row * 7 + t * 3) % 50));
  const labels = rows.map((_, row) => [row % 2]);
  const bytesOf = async (microBatchSize: number) => {
    // A device over the same GPU that counts its own bytes.
    using own = await requestDevice({ device: device.gpu });
    const layers = [embedding({ inputDim: 50, outputDim: 4 }), lstm({ units: 4 }), dense({ units: 1 })];
    using model = sequential(layers, { device: own, inputShape: [100], seed: 1 });
    model.compile({ optimizer: "adam", loss: "mse" });
    const { statistics } = await model.fit(rows, labels, { batchSize: 64, microBatchSize });
    expect(statistics.microBatchesPerStep).toBe(64 / microBatchSize);
    expect(statistics.submitsPerStep).toBe(1);
    return statistics.peakGpuBytes;
  };
  const [whole, half, eighth] = [await bytesOf(64), await bytesOf(32), await bytesOf(8)];
  expect(half / whole).toBeLessThan(0.6);
  expect(eighth / whole).toBeLessThan(0.25);
});

for (const { name, run } of manyMemoryCases) test(name, () => run(device));
