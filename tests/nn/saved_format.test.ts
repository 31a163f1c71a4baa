/** Saves of the first format, which knew layers in a row only, still load. */
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
