import { expect, test } from "vitest";
import { ValueError } from "../../src/core/errors.ts";
import { maxId, rowOf } from "../../src/data/ragged_rows.ts";
import { sentences } from "../../src/data/sentences.ts";

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
