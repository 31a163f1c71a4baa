/** Nearest words against plain loops, on the CPU and by an index; vectors as safetensors. */
import { afterAll, describe, expect, test } from "vitest";
import { FormatError, ShapeError, SluiceError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import {
  analogy,
  type MostSimilarOptions,
  mostSimilarIn,
  similarity,
  WordVectors,
  wordIndex,
  wordVectorsFromSafetensors,
  wordVectorsToSafetensors,
} from "../../src/embed/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { testDevice } from "../support/device.ts";

afterAll(async () => (await testDevice()).dispose());

const random = new Random(8);
const [COUNT, SIZE] = [257, 7];
const WORDS = Array.from({ length: COUNT }, (_, id) => `w${id}`);
const DATA = Float32Array.from({ length: COUNT * SIZE }, () => random.normal());
// A word without direction.
DATA.fill(0, 5 * SIZE, 6 * SIZE);
const VECTORS = new WordVectors(WORDS, { shape: [COUNT, SIZE], data: DATA });

/** By the definition, over all words. */
function nearest({ positive = [], negative = [], topn = 10, restrictVocab = COUNT }: MostSimilarOptions) {
  const list = (given: unknown) => [given].flat() as string[];
  const sides = [...list(positive).map((word) => [word, 1]), ...list(negative).map((word) => [word, -1])] as const;
  const query = new Float64Array(SIZE);
  for (const [word, sign] of sides) {
    const vector = VECTORS.vectorOf(word as string);
    const length = Math.hypot(...vector);
    vector.forEach((value, at) => {
      query[at] = (query[at] as number) + ((sign as number) * value) / length;
    });
  }
  return WORDS.slice(0, restrictVocab)
    .filter((word) => !sides.some(([asked]) => asked === word))
    .map((word) => ({ word, score: similarity("cosine", query, VECTORS.vectorOf(word)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, topn);
}

const QUERIES: readonly MostSimilarOptions[] = [
  { positive: "w3" },
  { positive: ["w3", "w9"], negative: ["w1"], topn: 3 },
  { negative: "w7", restrictVocab: 40, topn: 50 },
  { positive: ["w256"], topn: 1000 },
];

describe("nearest words", () => {
  test.each(QUERIES)("of %o are those of the definition", async (query) => {
    const wanted = nearest(query);
    const came = VECTORS.mostSimilar(query);
    expect(came.map(({ word }) => word)).toEqual(wanted.map(({ word }) => word));
    for (const [at, { score }] of came.entries()) expect(score).toBeCloseTo(wanted[at]?.score as number, 12);
    const index = await wordIndex(VECTORS, await testDevice());
    const found = await mostSimilarIn(index, VECTORS, query);
    expect(found.map(({ word }) => word)).toEqual(wanted.map(({ word }) => word));
    for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(wanted[at]?.score as number, 6);
    index.dispose();
  });

  test("an analogy is a to b as c to …, and vectors of one's own are taken too", () => {
    const data = Float32Array.of(1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1);
    const vectors = new WordVectors(["man", "king", "woman", "queen", "all"], { shape: [5, 3], data });
    expect(analogy(vectors, "man", "king", "woman")[0]?.word).toBe("queen");
    expect(vectors.mostSimilar({ positive: Float32Array.of(0, 1, 0), topn: 1 })[0]).toEqual({
      word: "woman",
      score: 1,
    });
    expect(vectors.similarity("man", "king")).toBeCloseTo(Math.SQRT1_2, 12);
    expect(VECTORS.similarity("w5", "w1")).toBe(0);
  });

  test.each([
    [() => VECTORS.mostSimilar({ positive: ["W3"] }), /the word "W3" has no vector; there are 257 words: "w0", /],
    [() => VECTORS.mostSimilar("w1" as never), /as in mostSimilar\({ positive: "w1" }\)/],
    [() => VECTORS.mostSimilar({ positive: [null] as never }), /got null; expected words/],
    [() => wordVectorsFromSafetensors("words.safetensors" as never), /expected the file's bytes/],
    [() => VECTORS.mostSimilar({}), /the query is empty/],
    [() => VECTORS.mostSimilar({ positive: "w1", topn: 0 }), /topn is 0; expected a whole number/],
    [() => VECTORS.mostSimilar({ positive: "w1", restrictVocab: 1.5 }), /restrictVocab is 1.5/],
    [() => VECTORS.mostSimilar({ positive: [1, 2] }), /got a vector of 2 numbers; expected 7/],
    [() => VECTORS.mostSimilar({ positive: new Float32Array(7).fill(Number.NaN) }), /a vector holds NaN/],
    [() => new WordVectors(["a"], { shape: [1, 1], data: Float32Array.of(Number.NaN) }), /the vector of "a" holds NaN/],
    [() => new WordVectors(["a", "a"], { shape: [2, 1], data: new Float32Array(2) }), /the word "a" occurs twice/],
    [() => new WordVectors(["a"], { shape: [2, 1], data: new Float32Array(2) }), /expected a Float32Array as \[1, D\]/],
  ])("%# is refused", (ask, message) => {
    expect(ask).toThrow(SluiceError);
    expect(ask).toThrow(message);
  });
});

describe("word vectors as safetensors", () => {
  const counted = new WordVectors(WORDS, { shape: [COUNT, SIZE], data: DATA }, new Int32Array(COUNT).fill(3));

  test("come back as they went, and are refused when cut short", () => {
    const bytes = wordVectorsToSafetensors(counted);
    const again = wordVectorsFromSafetensors(bytes);
    expect([again.words, again.data, again.counts]).toEqual([counted.words, counted.data, counted.counts]);
    expect(wordVectorsFromSafetensors(wordVectorsToSafetensors(VECTORS)).counts).toBeUndefined();
    for (let length = 0; length < bytes.length; length += 101) {
      expect(() => wordVectorsFromSafetensors(bytes.subarray(0, length))).toThrow(FormatError);
    }
  });

  test("a table of others is read with its words beside it", () => {
    const table = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const bytes = writeSafetensors(new Map([["embedding.weight", table]]));
    expect(Array.from(wordVectorsFromSafetensors(bytes, { words: ["a", "b"] }).vectorOf("b"))).toEqual([3, 4]);
    expect(() => wordVectorsFromSafetensors(bytes)).toThrow(/it has no words/);
    expect(() => wordVectorsFromSafetensors(bytes, { words: ["a"] })).toThrow(ShapeError);
    expect(() => wordVectorsFromSafetensors(bytes, { words: ["a", "b"], tensor: "x" })).toThrow(/no tensor "x"/);
    const { tensors, metadata } = readSafetensors(wordVectorsToSafetensors(counted));
    const wrong = new Map([...tensors, ["counts", { shape: [COUNT], data: new Int32Array(COUNT).fill(-1) }]]);
    expect(() => wordVectorsFromSafetensors(writeSafetensors(wrong, metadata))).toThrow(/counts: expected whole/);
    const noNumbers = new Map([["vectors", { shape: [1, 1], data: Float32Array.of(Number.NaN) }]]);
    const one = writeSafetensors(noNumbers, new Map([["words", '["a"]']]));
    expect(() => wordVectorsFromSafetensors(one)).toThrow(FormatError);
  });
});
