import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, ValueError } from "../../src/core/errors.ts";
import { padSequences, type Side } from "../../src/data/pad_sequences.ts";
import { ReviewEncoder } from "../../src/data/review_encoder.ts";
import { Corpus } from "../../src/data/text_corpus.ts";
import { Tokenizer } from "../../src/data/tokenizer.ts";

interface KerasCase {
  readonly numWords: number | null;
  readonly oovToken: string | null;
  readonly texts: readonly string[];
  readonly probe: readonly string[];
  readonly wordIndex: Readonly<Record<string, number>>;
  readonly sequences: readonly (readonly number[])[];
  readonly padded: readonly {
    readonly maxLength: number;
    readonly padding: Side;
    readonly truncating: Side;
    readonly rows: readonly (readonly number[])[];
  }[];
}

const cases = JSON.parse(
  readFileSync(new URL("../fixtures/text.json", import.meta.url), "utf8"),
) as readonly KerasCase[];

describe.each(cases)("Keras's Tokenizer, numWords $numWords, oovToken $oovToken", (expected) => {
  const tokenizer = new Tokenizer({
    numWords: expected.numWords ?? undefined,
    oovToken: expected.oovToken ?? undefined,
  });
  tokenizer.fitOnTexts(expected.texts);

  test("ranks words", () => {
    expect(Object.fromEntries(tokenizer.wordIndex)).toEqual(expected.wordIndex);
  });

  test("makes sequences", () => {
    expect(tokenizer.textsToSequences(expected.probe)).toEqual(expected.sequences);
  });

  test("survives JSON", () => {
    const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.textsToSequences(expected.probe)).toEqual(expected.sequences);
    for (const each of [again, tokenizer]) each.fitOnTexts(["an end an end fine fine fine"]);
    expect([...again.wordIndex]).toEqual([...tokenizer.wordIndex]);
  });

  test.each(expected.padded)("pads $padding, cuts $truncating", ({ rows, ...options }) => {
    const { shape, data } = padSequences(expected.sequences, options);
    expect(shape).toEqual([rows.length, options.maxLength]);
    expect([...data]).toEqual(rows.flat());
  });
});

describe("Tokenizer", () => {
  test("takes characters for words, those of the filters too, as Keras does with char_level", () => {
    // keras/src/legacy/preprocessing/text.py: fit_on_texts(["Ab!a", "b 😀"]) counts a 2, b 2, ! 1, space 1, 😀 1.
    const tokenizer = new Tokenizer({ charLevel: true, oovToken: "?" });
    tokenizer.fitOnTexts(["Ab!a", "b 😀"]);
    expect([...tokenizer.wordIndex]).toEqual([..."?ab! 😀"].map((character, index) => [character, index + 1]));
    const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.textsToSequences(["B?a x😀"])).toEqual([[3, 1, 2, 5, 1, 6]]);
  });

  test("splits at the separator alone, as Keras does", () => {
    const tokenizer = new Tokenizer();
    expect(tokenizer.words("one\u00a0two three\rfour  five\n")).toEqual(["one\u00a0two", "three\rfour", "five"]);
    expect(tokenizer.words("[a]\\b^c-d`e")).toEqual(["a", "b", "c", "d", "e"]);
    expect(new Tokenizer({ split: ",", filters: "." }).words("A.b,c d")).toEqual(["a", "b", "c d"]);
    expect(new Tokenizer({ filters: "", lower: false }).words("A-b!")).toEqual(["A-b!"]);
  });

  test("lower-cases as Python does, the final sigma included", () => {
    expect(new Tokenizer().words("ΣΟΦΟΣ İ ÉTÉ 𝒳")).toEqual(["σοφος", "i̇", "été", "𝒳"]);
  });

  test("keeps words that are names of an object's members", () => {
    const tokenizer = new Tokenizer({ filters: "" });
    tokenizer.fitOnTexts(["__proto__ constructor __proto__"]);
    const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.textsToSequences(["constructor __proto__ toString"])).toEqual([[2, 1]]);
  });

  test("turns sequences back into text", () => {
    const tokenizer = new Tokenizer({ numWords: 3, oovToken: "<oov>" });
    tokenizer.fitOnTexts(["a a a b b c"]);
    expect(tokenizer.sequencesToTexts([[2, 3, 9, 0]])).toEqual(["a <oov> <oov> <oov>"]);
    const plain = new Tokenizer({ numWords: 3 });
    plain.fitOnTexts(["a a a b b c"]);
    expect(plain.sequencesToTexts([[1, 2, 3, 9]])).toEqual(["a b"]);
  });

  test("refuses bad options and bad JSON", () => {
    expect(() => new Tokenizer({ numWords: -1 })).toThrow(ValueError);
    expect(() => new Tokenizer({ split: "" })).toThrow(ValueError);
    const good = new Tokenizer().toJSON();
    for (const bad of [
      null,
      [],
      {},
      { ...good, lower: 1 },
      { ...good, numWords: 1.5 },
      { ...good, words: ["a"] },
      { ...good, words: ["a", "a"], counts: [1, 1] },
      { ...good, words: ["a"], counts: [-1] },
      { ...good, split: "" },
    ]) {
      expect(() => Tokenizer.fromJSON(bad), JSON.stringify(bad)).toThrow(FormatError);
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(good)), (value, key) => {
        try {
          Tokenizer.fromJSON({ ...good, [key]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe("what is no list of texts", () => {
  const tokenizer = new Tokenizer();

  test("one text would be read letter by letter", () => {
    expect(() => tokenizer.fitOnTexts("the cat")).toThrow('got "the cat"; expected a list of texts');
    expect(() => tokenizer.textsToSequences("the cat")).toThrow("expected a list of texts");
    expect(tokenizer.documentCount).toBe(0);
  });

  test("things that are no texts, and options with other names", () => {
    expect(() => tokenizer.textsToSequences([null as never])).toThrow("got null; expected a string");
    expect(() => new Tokenizer({ num_words: 10 } as never)).toThrow("did you mean numWords?");
  });

  test("an encoder takes one text as a list of one", () => {
    const encoder = new ReviewEncoder(tokenizer);
    expect(encoder.encode("the cat")).toEqual(encoder.encode(["the cat"]));
    expect(() => encoder.encode([3 as never])).toThrow("got 3; expected a string");
  });
});

describe("padSequences", () => {
  test("takes the longest row where no length is given, and any filling", () => {
    expect(padSequences([[1], [2, 3]], { value: -1 })).toEqual({ shape: [2, 2], data: new Int32Array([-1, 1, 2, 3]) });
    expect(padSequences([]).shape).toEqual([0, 0]);
  });

  test("refuses what is not a whole number", () => {
    expect(() => padSequences([[1, 1.5]])).toThrow("padSequences: element 1 of row 0 is 1.5");
    expect(() => padSequences([[1]], { maxLength: -1 })).toThrow(ValueError);
    expect(() => padSequences([[1]], { padding: "left" as Side })).toThrow(/expected one of pre, post/);
    expect(() => padSequences([1, 2] as never)).toThrow("row 0 is 1; expected rows of numbers, such as [[1, 2]");
    expect(() => padSequences([[1]], { maxlen: 3 } as never)).toThrow('padSequences: unknown option "maxlen"');
  });
});

test("texts come back from their ids: whole at character level, as words and separators otherwise", () => {
  const original = ["Hello, world!  Twice.", "tab\tand\nline 🙂"];
  const characters = new Tokenizer({ charLevel: true, lower: false });
  characters.fitOnTexts(original);
  expect(characters.sequencesToTexts(characters.textsToSequences(original))).toEqual(original);
  const words = new Tokenizer();
  words.fitOnTexts(original);
  expect(words.sequencesToTexts(words.textsToSequences(original))).toEqual(["hello world twice", "tab and line 🙂"]);
  const whole = new Tokenizer({ filters: "", lower: false, split: "|" });
  whole.fitOnTexts(["A, b|c d"]);
  expect(whole.sequencesToTexts(whole.textsToSequences(["A, b|c d"]))).toEqual(["A, b|c d"]);
});

test("has room for 10 million distinct words, as its JSON has", () => {
  const counts = new Map([["a", 1]]);
  Object.defineProperty(counts, "size", { value: 10_000_001 });
  expect(() => Tokenizer.fromCounts(counts, 1)).toThrow(/more than 10000000 distinct words; check split and filters/);
});

test("texts of which one is no text are not counted at all", () => {
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(["the cat"]);
  expect(() => tokenizer.fitOnTexts(["the dog", 7 as never])).toThrow(ValueError);
  expect([tokenizer.documentCount, ...tokenizer.wordCounts]).toEqual([1, ["the", 1], ["cat", 1]]);
  tokenizer.fitOnTexts(["a dog", "the dog"]);
  expect([...tokenizer.wordCounts]).toEqual([
    ["the", 2],
    ["cat", 1],
    ["a", 1],
    ["dog", 2],
  ]);
});

test("a corpus has a most of words, and of distinct ones", () => {
  const corpus = new Corpus(new Tokenizer(), { maxDistinct: 3, maxLength: 70_000 });
  corpus.add("a b c a b c");
  expect(() => corpus.add("a d")).toThrow("the texts have more than 3 distinct words");
  expect(() => corpus.add("a ".repeat(70_000))).toThrow("the texts have more than 70000 words");
});
