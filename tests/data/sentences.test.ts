import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ValueError } from "../../src/core/errors.ts";
import { maxId, rowOf } from "../../src/data/ragged_rows.ts";
import { sentences } from "../../src/data/sentences.ts";
import { sha256Hex } from "../../src/io/sha256.ts";

const count = (data: ArrayLike<number>, label: number) => Array.from(data).filter((value) => value === label).length;

test("sentences.load splits 3,000 sentences, each class in proportion", async () => {
  const { train, test: held, encoder, texts } = await sentences.load();
  expect([train.size, held.size]).toEqual([2400, 600]);
  expect([count(held.y.data, 0), count(held.y.data, 1)]).toEqual([300, 300]);
  expect([texts.train.length, texts.test.length]).toEqual([2400, 600]);
  expect(maxId(train.x)).toBeLessThan(encoder.inputDim);
  expect([...rowOf(encoder.encode([texts.test[5] ?? ""]), 0)]).toEqual([...rowOf(held.x, 5)]);
});

test("no sentence is on both sides, whatever its case and punctuation", async () => {
  const { encoder, texts } = await sentences.load({ seed: 5 });
  const keys = (part: readonly string[]) => new Set(part.map((text) => encoder.tokenizer.words(text).join(" ")));
  const train = keys(texts.train);
  expect([...keys(texts.test)].filter((key) => train.has(key))).toEqual([]);
});

test("the seed decides split and order", async () => {
  const first = async (seed: number) => (await sentences.load({ seed })).texts;
  expect(await first(1)).toEqual(await first(1));
  expect((await first(1)).test).not.toEqual((await first(2)).test);
  await expect(sentences.load({ testFraction: 1 })).rejects.toThrow(ValueError);
});

test("the default split is the one of every version: runs that were measured can be repeated", async () => {
  const { texts } = await sentences.load();
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  expect(await sha256Hex(bytes)).toBe("f96cce8940b85c1db8a94b0d6531a62587c30cefdce84593b69c1f1161fafdcc");
});

test("the sentences come with their creator, their licence and its text", () => {
  const data = new URL("../../data/", import.meta.url);
  const about = readFileSync(new URL("README.md", data), "utf8");
  expect(about).toContain("Dimitrios Kotzias");
  expect(about).toContain("https://creativecommons.org/licenses/by/4.0/");
  expect(readFileSync(new URL("sentences/LICENSE", data), "utf8")).toMatch(/^Attribution 4\.0 International\n/);
  expect(sentences.attribution).toMatch(/Kotzias.*CC BY 4\.0/);
});
