/** What the page ships: a model that says what its first example and its card say it does. */
import { readdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { readReading } from "../../demo/cell/reading_file.ts";
import { FIRST_TEXT } from "../../demo/first_sentence.ts";
import type { Part } from "../../demo/messages/cell.ts";
import card from "../../demo/shipped/card.json" with { type: "json" };
import first from "../../demo/shipped/first_verdict.json" with { type: "json" };
import options from "../../demo/shipped/options.json" with { type: "json" };
import { judge } from "../../demo/worker/judge_text.ts";
import { loadShipped } from "../../demo/worker/load_shipped.ts";
import { readCell } from "../../demo/worker/read_cell.ts";
import { serveFiles } from "../../src/cli/static_server.ts";
import { type Device, loadModel, type Model, type ReviewEncoder, readSafetensors } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const folder = fileURLToPath(new URL("../../demo/public/model/", import.meta.url));

let device: Device;
let model: Model;
let files: Map<string, Uint8Array>;
beforeAll(async () => {
  device = await testDevice();
  const names = (await readdir(folder)).filter((name) => name !== "first_reading.safetensors");
  files = new Map(await Promise.all(names.map(async (name) => [name, await readFile(`${folder}${name}`)] as const)));
  model = await loadModel(files, { device });
});

const subject = () => ({ model, encoder: model.encoder as ReviewEncoder });

test("is as small as its card says, in 16 bits, with a word list and no training", async () => {
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  expect(bytes).toBe(card.shipped.bytes);
  expect(bytes).toBeLessThan(500_000);
  expect([...files.keys()].map((name) => name.replace(/-.*/, "")).sort()).toEqual(["model.json", "weights"]);
  const weights = [...files].find(([name]) => name.startsWith("weights"))?.[1] as Uint8Array;
  expect(readSafetensors(weights).tensors.size).toBe(6);
  expect(new TextDecoder().decode(weights.subarray(0, 900))).toContain('"F16"');
  expect(subject().encoder.tokenizer.wordIndex.size).toBe(options.numWords - 4);
  expect(model.summary()).toBe(card.summary);
  expect(card.shipped.testAccuracy).toBeGreaterThan(0.845);
  expect(Math.abs(card.shipped.testAccuracy - card.trained.testAccuracy)).toBeLessThan(0.002);
});

test("says of the page's first sentence what the page shows before the model is there", async () => {
  const verdict = await judge(subject(), FIRST_TEXT);
  expect(first.text).toBe(FIRST_TEXT);
  expect(first.probability).toBeCloseTo(verdict.probability, 3);
  expect(first.words.map(({ word, step, isRare }) => ({ word, step, isRare }))).toEqual(
    verdict.words.map(({ word, step, isRare }) => ({ word, step, isRare })),
  );
  for (const [index, { push }] of first.words.entries()) expect(push).toBeCloseTo(verdict.words[index]?.push ?? 9, 2);

  const reading = await readCell(subject(), FIRST_TEXT);
  const shown = readReading(await readFile(`${folder}first_reading.safetensors`));
  expect(shown.tokens).toEqual(reading.tokens);
  for (const [name, part] of Object.entries(reading.parts)) {
    const kept = shown.parts[name as keyof typeof shown.parts] as Part;
    expect(kept.length).toBe(part.length);
    for (const [at, value] of part.entries()) expect(Math.abs((kept[at] as number) - value)).toBeLessThan(3e-3);
  }
  expect((await stat(`${folder}first_reading.safetensors`)).size).toBeLessThan(50_000);
});

test("the page makes it from its options, without what knows every layer: the same model", async () => {
  const server = await serveFiles({ "/model/": folder });
  try {
    const { model: made, encoder } = await loadShipped(`${server.url}model/`, device);
    using _ = made;
    expect(made.summary()).toBe(model.summary());
    expect(encoder.toJSON()).toEqual(model.encoder?.toJSON());
    expect(await made.weights()).toEqual(await model.weights());
    const x = encoder.encode([FIRST_TEXT]);
    expect((await made.predict(x)).data).toEqual((await model.predict(x)).data);
  } finally {
    await server.close();
  }
});

test("tells praise from blame where no doubt is possible", async () => {
  const { encoder } = subject();
  const texts = ["A wonderful, moving film with a superb cast.", "A dull, badly written waste of time."];
  const { data } = await model.predict(encoder.encode(texts));
  expect(data[0]).toBeGreaterThan(0.8);
  expect(data[1]).toBeLessThan(0.2);
});
