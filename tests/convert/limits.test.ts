/** Bounds on files of other libraries: what is beyond one is refused before it is in memory. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  loadKeras,
  loadKerasWeights,
  loadSafetensors,
  loadTfjs,
  toKeras,
  toKerasWeights,
  toSafetensors,
  toTfjs,
} from "../../src/convert/index.ts";
import { readZip, writeZip } from "../../src/convert/zip.ts";
import { dense, FormatError, type Model, sequential } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
let model: Model;
beforeAll(() => {
  model = sequential([dense({ units: 50 })], { device, inputShape: [40], seed: 1 });
});
afterAll(() => model.dispose());

test("maxBytes holds for files, and for what they unpack to", async () => {
  const keras = await toKeras(model);
  const weights = await toKerasWeights(model);
  const safetensors = await toSafetensors(model);
  const tfjs = await toTfjs(model);
  const maxBytes = 4096;
  const before = device.memory.bytes;
  for (const load of [
    () => loadKeras(keras, { device, maxBytes }),
    () => loadKeras(new Blob([keras]), { device, maxBytes }),
    () => loadKerasWeights(model, weights, { maxBytes }),
    () => loadSafetensors(model, new Blob([safetensors]), { maxBytes }),
    () => loadTfjs(tfjs, { device, maxBytes }),
  ]) {
    await expect(load()).rejects.toThrow(FormatError);
    await expect(load()).rejects.toThrow(/4096/);
  }
  await loadKerasWeights(model, weights, { maxBytes: weights.length });
  expect(device.memory.bytes).toBe(before);
});

test("TensorFlow.js: at most 1,024 shards", async () => {
  const files = new Map(await toTfjs(model));
  const json = JSON.parse(new TextDecoder().decode(files.get("model.json")));
  json.weightsManifest[0].paths = Array.from({ length: 1025 }, (_, index) => `part-${index}`);
  files.set("model.json", new TextEncoder().encode(JSON.stringify(json)));
  await expect(loadTfjs(files, { device })).rejects.toThrow(/more than 1024 shards/);
});

const wanted = new Map([["config.json", 100]]);
const archive = () => writeZip(new Map(["config.json", "config.jsxn"].map((name) => [name, new Uint8Array(4)])));

/** Where a text stands in bytes, each time. */
function placesOf(bytes: Uint8Array, text: string): number[] {
  const latin = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return [...latin.matchAll(new RegExp(text, "g"))].map(({ index }) => index);
}

test("zip: two files of one name, and an encrypted one", async () => {
  const twice = await archive();
  for (const at of placesOf(twice, "config.jsxn")) twice[at + 9] = "o".charCodeAt(0);
  await expect(readZip(twice, wanted, "x")).rejects.toThrow(/two files are called "config.json"/);

  const encrypted = await archive();
  // The first bit of a file's flags, in its own header and in the directory.
  for (const at of placesOf(encrypted, "PK\\x03\\x04")) encrypted[at + 6] = (encrypted[at + 6] as number) | 1;
  for (const at of placesOf(encrypted, "PK\\x01\\x02")) encrypted[at + 8] = (encrypted[at + 8] as number) | 1;
  await expect(readZip(encrypted, wanted, "x")).rejects.toThrow(/is encrypted/);
});
