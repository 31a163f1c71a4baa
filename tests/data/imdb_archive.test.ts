/** The whole archive, where SLUICE_IMDB says where it is. */
import { describe, expect, test } from "vitest";
import { imdb } from "../../src/data/imdb.ts";
import { maxId, rowOf } from "../../src/data/ragged_rows.ts";

const archive = process.env.SLUICE_IMDB;
if (!archive)
  console.warn("SKIPPED: tests of the whole IMDB archive; set SLUICE_IMDB to the path of aclImdb_v1.tar.gz");

describe.skipIf(!archive)("imdb.load on the whole archive", () => {
  test("gives the tutorial's figures", async () => {
    const start = performance.now();
    let lastBytes = 0;
    const {
      train,
      test: held,
      encoder,
    } = await imdb.load({
      source: archive ?? "",
      numWords: 5000,
      maxLength: 500,
      onProgress: ({ bytes }) => {
        lastBytes = bytes;
      },
    });
    const seconds = (performance.now() - start) / 1000;
    const lengths = Array.from({ length: train.size }, (_, row) => rowOf(train.x, row).length);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / train.size;
    const full = lengths.filter((length) => length === 500).length / train.size;
    const words = encoder.tokenizer.wordIndex.size;
    const peak = process.resourceUsage().maxRSS / 1024;
    console.info(
      `imdb: ${seconds.toFixed(1)} s, ${words} words, mean ${mean.toFixed(2)}, full ${(100 * full).toFixed(2)}%, ` +
        `peak ${peak.toFixed(0)} MiB, ids ${train.x.ids.length + held.x.ids.length}`,
    );
    expect([train.size, held.size]).toEqual([25_000, 25_000]);
    expect(train.y.data.filter((label: number) => label === 1).length).toBe(12_500);
    expect(words).toBeGreaterThan(88_500);
    expect(words).toBeLessThan(88_700);
    expect(Math.round(mean)).toBe(222);
    expect(full).toBeCloseTo(0.085, 3);
    expect(maxId(train.x)).toBe(4999);
    expect(lastBytes).toBeGreaterThan(20_000_000);
    const ranks = encoder.tokenizer.wordIndex;
    expect(["the", "and", "a", "of", "to"].map((word) => ranks.get(word))).toEqual([1, 2, 3, 4, 5]);
  });
});
