import { describe, expect, test } from "vitest";
import { AbortError, FormatError, ValueError } from "../../src/core/errors.ts";
import { imdb } from "../../src/data/imdb.ts";
import { rowOf } from "../../src/data/ragged_rows.ts";
import { ReviewEncoder } from "../../src/data/review_encoder.ts";
import { gzip, reviewArchive, tar } from "./archives.ts";

const REVIEWS = {
  "test/pos/0_10.txt": "good <br /> unseen film",
  "test/neg/0_1.txt": "bad bad film",
  "train/pos/10_8.txt": "good good good film",
  "train/pos/2_9.txt": "fine film fine",
  "train/neg/3_2.txt": "bad film film",
  "train/neg/20_1.txt": "awful film bad",
  "train/unsup/1_0.txt": "nobody labelled this",
  "imdb.vocab": "the\nand",
};
const archive = await gzip(reviewArchive(REVIEWS));

// Counts in the training texts: film 5, good 3; bad and fine 2, of which bad comes first; awful 1.
const RANKS = { film: 1, good: 2, bad: 3, fine: 4, awful: 5 };

function rowsByText(data: Awaited<ReturnType<typeof imdb.load>>, half: "train" | "test"): Map<string, number[]> {
  const texts = data.texts?.[half] ?? [];
  return new Map(texts.map((text, row) => [text, [...rowOf(data[half].x, row)]]));
}

describe("imdb.load", () => {
  test("gives Keras's ids", async () => {
    const data = await imdb.load({ source: archive, keepTexts: true });
    expect(Object.fromEntries(data.encoder.tokenizer.wordIndex)).toEqual(RANKS);
    const train = rowsByText(data, "train");
    expect(train.get("bad film film")).toEqual([1, 6, 4, 4]);
    expect(train.get("fine film fine")).toEqual([1, 7, 4, 7]);
    const held = rowsByText(data, "test");
    // "br" and "unseen" are in no training text, so they are dropped rather than made 2.
    expect(held.get("good <br /> unseen film")).toEqual([1, 5, 4]);
    expect(data.train.x.length).toBe(5);
    expect(
      data.texts?.train
        .map((text, row) => [text.includes("good") || text.includes("fine") ? 1 : 0, data.train.y.data[row]])
        .every(([wanted, label]) => wanted === label),
    ).toBe(true);
    expect(data.train.y.shape).toEqual([4, 1]);
  });

  test("skipTop, numWords, oovChar, startChar and indexFrom mean what they mean in Keras", async () => {
    const rows = async (options: object, text = "awful film bad") =>
      rowsByText(await imdb.load({ source: archive, keepTexts: true, ...options }), "train").get(text);
    expect(await rows({})).toEqual([1, 8, 4, 6]);
    expect(await rows({ numWords: 7 })).toEqual([1, 2, 4, 6]);
    expect(await rows({ skipTop: 5 })).toEqual([2, 8, 2, 6]);
    expect(await rows({ numWords: 7, oovChar: null })).toEqual([1, 4, 6]);
    expect(await rows({ startChar: null, indexFrom: 0 })).toEqual([5, 1, 3]);
    expect(await rows({ maxLength: 2 })).toEqual([4, 6]);
    expect(await rows({ maxLength: 2, truncating: "post" })).toEqual([1, 8]);
  });

  test("does not depend on the order of the archive", async () => {
    const reversed = reviewArchive(Object.fromEntries(Object.entries(REVIEWS).reverse()));
    const [a, b] = await Promise.all([imdb.load({ source: archive }), imdb.load({ source: reversed })]);
    expect(b.train).toEqual(a.train);
    expect(b.test).toEqual(a.test);
    expect(JSON.stringify(b.encoder)).toBe(JSON.stringify(a.encoder));
  });

  test("shuffles by seed and limits both classes alike", async () => {
    const many: Record<string, string> = {};
    for (let index = 0; index < 20; index++) {
      for (const folder of ["train/pos", "train/neg", "test/pos", "test/neg"])
        many[`${folder}/${index}_5.txt`] = `w${index}`;
    }
    const source = reviewArchive(many);
    const order = async (seed: number, limit?: number) => {
      const { train } = await imdb.load({ source, seed, limit });
      return [[...train.x.ids], [...train.y.data]];
    };
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual(await order(2));
    const [, labels] = await order(1, 6);
    expect(labels?.toSorted()).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test("the encoder reads new text as the training text was read, after JSON too", async () => {
    const { encoder, train } = await imdb.load({ source: archive, numWords: 7, maxLength: 4, padding: "post" });
    const again = ReviewEncoder.fromJSON(JSON.parse(JSON.stringify(encoder)));
    for (const each of [encoder, again]) {
      const x = each.encode(["Film: AWFUL, unheard-of good!", ""]);
      expect([...rowOf(x, 0)]).toEqual([1, 4, 2, 5]);
      expect([...rowOf(x, 1)]).toEqual([1]);
      expect([x.length, x.padding]).toEqual([4, "post"]);
      expect(each.decode([0, 1, 4, 2, 5])).toBe("<start> film <oov> good");
      expect(each.inputDim).toBe(7);
    }
    expect(train.x.length).toBe(4);
    expect((await imdb.load({ source: archive })).encoder.inputDim).toBe(9);
    expect(() => ReviewEncoder.fromJSON({ ...encoder.toJSON(), padding: "left" })).toThrow(FormatError);
    expect(() => ReviewEncoder.fromJSON({ ...encoder.toJSON(), maxLength: 0 })).toThrow(FormatError);
    expect(() => ReviewEncoder.fromJSON({ ...encoder.toJSON(), tokenizer: 3 })).toThrow(FormatError);
  });

  test("a compact encoder knows only words with ids of their own; it reads the others alike", async () => {
    const { encoder } = await imdb.load({ source: archive, numWords: 7, maxLength: 6 });
    const compact = encoder.compact();
    const again = ReviewEncoder.fromJSON(JSON.parse(JSON.stringify(compact)));
    for (const each of [compact, again]) {
      expect([...each.tokenizer.wordIndex]).toEqual([...encoder.tokenizer.wordIndex].slice(0, 3));
      expect(each.encodeText("fine awful bad film good")).toEqual(encoder.encodeText("fine awful bad film good"));
      // It no longer knows which words were rare and which were never seen.
      expect(each.encodeText("unseen good")).toEqual([1, 2, 5]);
      expect([each.maxLength, each.inputDim]).toEqual([6, 7]);
    }
    expect(encoder.encodeText("unseen good")).toEqual([1, 5]);
  });

  test("takes a Blob, a File, a stream and reports progress", async () => {
    const blob = new Blob([archive]);
    const seen: number[] = [];
    const { train } = await imdb.load({
      source: blob,
      onProgress: ({ bytes, totalBytes }) => seen.push(bytes, totalBytes ?? -1),
    });
    expect(train.size).toBe(4);
    expect(seen.slice(-2)).toEqual([archive.length, archive.length]);
    expect((await imdb.load({ source: blob.stream() })).train.size).toBe(4);
    expect((await imdb.load({ source: new File([archive], "reviews.tar.gz") })).test.size).toBe(2);
  });

  test("refuses a wrong or cut archive", async () => {
    await expect(imdb.load({ source: archive.subarray(0, archive.length - 9) })).rejects.toThrow(FormatError);
    const other = tar([{ path: "photos/cat.txt", text: "cat" }]);
    await expect(imdb.load({ source: other })).rejects.toThrow(
      "the bytes: no review in aclImdb/train/neg: expected aclImdb/{train,test}/{pos,neg}/ID_RATING.txt, got 0 " +
        'reviews and 1 other paths, the first "photos/cat.txt"; give Stanford\'s original aclImdb_v1.tar.gz',
    );
    const { "train/neg/3_2.txt": _, "train/neg/20_1.txt": __, ...oneClass } = REVIEWS;
    await expect(imdb.load({ source: reviewArchive(oneClass) })).rejects.toThrow(/no review in aclImdb\/train\/neg/);
    const twice = tar(["1_1", "1_2"].map((name) => ({ path: `aclImdb/train/pos/${name}.txt`, text: "x" })));
    await expect(imdb.load({ source: twice })).rejects.toThrow(/occurs twice/);
    const latin = tar([{ path: "aclImdb/train/pos/1_9.txt", bytes: new Uint8Array([0xe9]) }]);
    await expect(imdb.load({ source: latin })).rejects.toThrow(/not UTF-8/);
    await expect(imdb.load({ source: "/no/such/archive.tar.gz" })).rejects.toThrow(/no such file/);
  });

  test("refuses an archive of more distinct words than any language has, before they fill memory", async () => {
    await expect(imdb.load({ source: archive, limits: { maxWords: 4 } })).rejects.toThrow(
      /aclImdb\/.*: the texts have more than 4 distinct words; expected natural language/,
    );
    await expect(imdb.load({ source: archive, limits: { maxWords: 4 } })).rejects.toThrow(FormatError);
    // By default a million: eleven reviews of a hundred thousand words.
    const words = (review: number) => Array.from({ length: 100_000 }, (_, at) => (review * 1e5 + at).toString(36));
    const reviews = Array.from({ length: 11 }, (_, at) => [`train/pos/${at}_9.txt`, words(at).join(" ")] as const);
    const source = reviewArchive(Object.fromEntries(reviews));
    await expect(imdb.load({ source })).rejects.toThrow(
      /pos\/10_9.txt: the texts have more than 1000000 distinct words/,
    );
  });

  test("refuses bad options before it reads", async () => {
    for (const bad of [{ numWords: 0 }, { maxLength: 1.5 }, { skipTop: -1 }, { indexFrom: -3 }, { limit: 1 }]) {
      await expect(imdb.load({ source: archive, ...bad }), JSON.stringify(bad)).rejects.toThrow(ValueError);
    }
    await expect(imdb.load({ source: archive, signal: AbortSignal.abort() })).rejects.toThrow(AbortError);
  });
});
