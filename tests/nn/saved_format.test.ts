/** Saves of the first format, which knew layers in a row only, still load; a save may be made small. */
import { beforeAll, expect, test } from "vitest";
import { type Device, loadModel } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

test("a model of format version 1, stopped in its training, goes on exactly", async () => {
  const data = smallData(22);
  using model = smallModel(device);
  await model.fit(data, { epochs: 1, batchSize: 8 });
  const files = new Map(await model.toFiles());
  const manifest = decode(files.get("model.json") as Uint8Array);
  expect(manifest.formatVersion).toBe(2);
  const { graph, compile, ...rest } = manifest.architecture;
  const layers = graph.layers
    .filter(({ className }: { className: string }) => className !== "InputLayer")
    .map(({ className, name, config }: Record<string, unknown>) => ({ className, name, config }));
  const first = {
    ...manifest,
    formatVersion: 1,
    architecture: {
      ...rest,
      inputShape: [6],
      layers,
      compile: { optimizer: compile.optimizer, loss: compile.losses[0], metrics: ["accuracy"] },
    },
  };
  files.set("model.json", new TextEncoder().encode(JSON.stringify(first)));
  using again = await loadModel(files, { device });
  expect(await weightBits(again)).toEqual(await weightBits(model));
  await again.fit(data, { resume: true, epochs: 2 });
  await model.fit(data, { resume: true, epochs: 2 });
  expect(await weightBits(again)).toEqual(await weightBits(model));
});

test("a save without the training, its weights in 16 bits, is half as large and as near", async () => {
  const data = smallData(16);
  using model = smallModel(device);
  await model.fit(data, { epochs: 1, batchSize: 8 });
  const [whole, small] = [await model.toFiles(), await model.toFiles({ weights: "float16", training: false })];
  const bytesOf = (files: ReadonlyMap<string, Uint8Array>, part: string) =>
    [...files].reduce((sum, [name, { length }]) => sum + (name.startsWith(part) ? length : 0), 0);
  const floats = (await model.weights()).reduce((sum, { data: values }) => sum + values.length, 0);
  expect(bytesOf(whole, "weights") - bytesOf(small, "weights")).toBeGreaterThan(2 * floats - 16);
  expect([...small.keys()].filter((name) => name.startsWith("optimizer"))).toEqual([]);
  using again = await loadModel(small, { device });
  expect(again.trainingState).toBeUndefined();
  const [before, after] = [await model.weights(), await again.weights()];
  for (const [index, { name, data: values }] of after.entries()) {
    const exact = before[index]?.data as Float32Array;
    expect(
      values.every(
        (value, at) => Math.abs(value - (exact[at] as number)) <= Math.abs(exact[at] as number) / 2048 + 2 ** -25,
      ),
      name,
    ).toBe(true);
  }
  // What a float16 save holds survives another one to the bit.
  const twice = await again.toFiles({ weights: "float16", training: false });
  expect([...twice.keys()]).toEqual([...small.keys()]);
});
