/** Converts texts to ids of frequent words, for training word vectors. */
import { ValueError } from "../core/errors.ts";
import { ifGiven, instanceOf, positive, readSome, type TableOf, withDefault } from "../core/option_table.ts";
import { Corpus } from "../data/text_corpus.ts";
import { Tokenizer } from "../data/tokenizer.ts";
import { checkedTexts } from "./argument_checks.ts";

/** The options that select the words of a corpus. */
export interface CorpusOptions {
  /** Splits texts into words. Default: Keras's rules. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Rarer words are ignored, as if the texts did not contain them. Default: 5. */
  readonly minCount?: number | undefined;
  /** The maximum number of words; the most frequent ones are kept. Default: all. */
  readonly maxWords?: number | undefined;
}

/** The option table of `CorpusOptions`. */
export const CORPUS = {
  tokenizer: ifGiven(instanceOf("a Tokenizer", Tokenizer)),
  minCount: withDefault(positive, 5),
  maxWords: withDefault(positive, Number.MAX_SAFE_INTEGER),
} satisfies TableOf<CorpusOptions>;

/** Texts as concatenated ids. */
export interface WordCorpus {
  /** The words by id, most frequent first, ties by first appearance. */
  readonly words: readonly string[];
  /** The count of each word in the texts. */
  readonly counts: Int32Array;
  /** The ids of all texts. */
  readonly tokens: Int32Array;
  /** Text n is `tokens.subarray(starts[n], starts[n + 1])`. */
  readonly starts: Int32Array;
}

/**
 * Reads texts once: counts their words, and keeps the ids of the frequent ones.
 * @throws ValueError if an option is out of range, a text is not a string, or fewer than two words are frequent enough.
 */
export function readCorpus(texts: Iterable<string>, options: CorpusOptions = {}): WordCorpus {
  const { tokenizer = new Tokenizer(), minCount, maxWords } = readSome("trainWordVectors", CORPUS, options);
  const corpus = new Corpus(tokenizer);
  const ranges = Array.from(checkedTexts("trainWordVectors", texts), (text) => corpus.add(text));
  const { counts, numbers } = corpus.count(ranges);
  const ranked = Array.from(counts, ([word, count], index) => ({ word, count, number: numbers[index] as number }))
    .filter(({ count }) => count >= minCount)
    .sort((a, b) => b.count - a.count)
    .slice(0, maxWords);
  if (ranked.length < 2) {
    throw new ValueError(
      `trainWordVectors: ${ranges.length} texts hold ${ranked.length} words that occur at least ${minCount} times ` +
        "(minCount); expected two or more: give more text, or a smaller minCount",
      { texts: ranges.length, words: ranked.length, minCount },
    );
  }
  const ids = new Int32Array(corpus.distinctWords).fill(-1);
  for (const [id, { number }] of ranked.entries()) ids[number] = id;
  const tokens = new Int32Array(ranked.reduce((sum, { count }) => sum + count, 0));
  const starts = new Int32Array(ranges.length + 1);
  let length = 0;
  for (const [index, range] of ranges.entries()) {
    for (const number of corpus.slice(range)) {
      const id = ids[number] as number;
      if (id >= 0) tokens[length++] = id;
    }
    starts[index + 1] = length;
  }
  return {
    words: ranked.map(({ word }) => word),
    counts: Int32Array.from(ranked, ({ count }) => count),
    tokens,
    starts,
  };
}

/**
 * The probability with which each occurrence of a word is kept: (√(f/t) + 1) · t/f, at most 1, where f is the word's
 * relative frequency. Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases", section 2.3, as
 * implemented in word2vec.c.
 * @param sample t; 0 keeps all.
 */
export function keepProbabilities(counts: Int32Array, sample: number): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(counts, (count) => {
    const ratio = (sample * total) / count;
    return sample === 0 ? 1 : Math.min(1, Math.sqrt(ratio) + ratio);
  });
}

/** The cumulative distribution of noise words: running sums of counts^exponent, normalised to end at 1. */
export function noiseDistribution(counts: Int32Array, exponent: number): Float64Array {
  let sum = 0;
  const sums = Float64Array.from(counts, (count) => {
    sum += count ** exponent;
    return sum;
  });
  return sums.map((part) => part / sum);
}

/** Draws a noise word by inverting the cumulative distribution at `u`, in [0, 1). */
export function drawNoise(sums: Float64Array, u: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > u) high = middle;
    else low = middle + 1;
  }
  return low;
}
