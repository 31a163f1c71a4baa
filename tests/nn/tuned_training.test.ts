/**
 * A tuned training keeps its choices: resumed, it runs the same variants and ends with the same bits, whatever is
 * measured then.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  AbortError,
  type Device,
  FormatError,
  loadModel,
  type ModelFiles,
  type TuneOptions,
  tuningOf,
} from "../../src/index.ts";
import { variantsFromJson, variantsToJson } from "../../src/nn/saving/saved_variants.ts";
import { tunedDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

const data = smallData(22);
const fit = { epochs: 2, batchSize: 8, validationData: smallData(8) };
const FORCED = "direct";

/**
 * Says of products without transposes that one variant is fastest, of all else that the untuned is; remembers nothing.
 */
function forced(variant: string, count = { asked: 0 }): TuneOptions {
  const isForced = (shapeClass = "") => / nn /.test(shapeClass);
  return {
    store: { read: async () => undefined, write: async () => undefined },
    async timer({ shapeClass }, name) {
      count.asked++;
      return isForced(shapeClass) && name === variant ? 1 : 2;
    },
  };
}

/** The variants of the products without transposes. */
const products = (device: Device) => tuningOf(device).choices.filter(({ call }) => /^matmul .* nn /.test(call));

let wanted: { readonly bits: readonly number[]; readonly loss: readonly number[]; readonly valLoss: readonly number[] };
let stopped: ModelFiles;

beforeAll(async () => {
  using device = await tunedDevice(forced(FORCED));
  using whole = smallModel(device);
  const { history } = await whole.fit(data, fit);
  wanted = { bits: await weightBits(whole), loss: history.loss ?? [], valLoss: history.valLoss ?? [] };
  expect(products(device).length).toBeGreaterThan(0);
  for (const { variant, from } of products(device)) expect([variant, from]).toEqual([FORCED, "measured"]);

  using part = smallModel(device);
  const controller = new AbortController();
  const onProgress = () => {
    if (part.trainingState?.iteration === 2) controller.abort();
  };
  await expect(part.fit(data, { ...fit, signal: controller.signal, onProgress })).rejects.toThrow(AbortError);
  stopped = await part.toFiles();
});

async function expectSameEnd(device: Device): Promise<void> {
  using model = await loadModel(stopped, { device });
  expect(model.trainingState?.iteration).toBe(2);
  const { history } = await model.fit(data, { resume: true, validationData: fit.validationData });
  expect(history.loss).toEqual(wanted.loss);
  expect(history.valLoss).toEqual(wanted.valLoss);
  expect(await weightBits(model)).toEqual(wanted.bits);
  expect(products(device).length).toBeGreaterThan(0);
  for (const { variant, from } of products(device)) expect([variant, from]).toEqual([FORCED, "replayed"]);
}

describe("a tuned training that was stopped, resumed", () => {
  test("where other variants would now be measured as the fastest", async () => {
    const count = { asked: 0 };
    using device = await tunedDevice(forced("tiled", count));
    await expectSameEnd(device);
    expect(count.asked).toBe(0);
  });

  test("without tune", async () => {
    using device = await tunedDevice(false);
    await expectSameEnd(device);
  });
});

test("choices of another adapter are left aside; damaged ones are an error that names them", async () => {
  using device = await tunedDevice(false);
  const saved = variantsToJson(device, new Map([["matmul 2x3x4 nn linear", "tiled"]]));
  expect([...variantsFromJson(device, saved)]).toEqual([["matmul 2x3x4 nn linear", "tiled"]]);
  expect(variantsFromJson(device, { ...saved, adapter: "another" }).size).toBe(0);
  expect(variantsFromJson(device, undefined).size).toBe(0);
  expect(() => variantsFromJson(device, { ...saved, choices: { "matmul 2x3x4 nn linear": 3 } })).toThrow(FormatError);
  expect(() => variantsFromJson(device, { choices: {} })).toThrow("training.variants.adapter");
  expect(() => variantsFromJson(device, [])).toThrow(FormatError);
});

test("an untuned training saves no choices", async () => {
  using device = await tunedDevice(false);
  using model = smallModel(device);
  await model.fit(data, { ...fit, epochs: 1 });
  const json = new TextDecoder().decode((await model.toFiles()).get("model.json"));
  expect(json).not.toContain("variants");
  expect(tuningOf(device).choices).toEqual([]);
});
