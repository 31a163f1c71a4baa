/** Texts as ids of frequent words: what a training of word vectors reads. */
import { ValueError } from "../core/errors.ts";
import { ifGiven, instanceOf, positive, readSome, type TableOf, withDefault } from "../core/option_table.ts";
import { Corpus } from "../data/text_corpus.ts";
import { Tokenizer } from "../data/tokenizer.ts";
import { checkedTexts } from "./argument_checks.ts";

/** Which words of a corpus are kept. */
export interface CorpusOptions {
  /** Cuts texts into words. Default: Keras's rules. */
  readonly tokenizer?: Tokenizer | undefined;
  /** Rarer words are left out, as if the texts did not have them. Default: 5. */
  readonly minCount?: number | undefined;
  /** At most so many words, the most frequent. Default: all. */
  readonly maxWords?: number | undefined;
}

/** Which words are kept, for all that take it among their options. */
export const CORPUS = {
  tokenizer: ifGiven(instanceOf("a Tokenizer", Tokenizer)),
  minCount: withDefault(positive, 5),
  maxWords: withDefault(positive, Number.MAX_SAFE_INTEGER),
} satisfies TableOf<CorpusOptions>;

/** Texts as ids, end to end. */
export interface WordCorpus {
  /** The words by id: the most frequent first, ties by first appearance. */
  readonly words: readonly string[];
  /** How often the texts have each. */
  readonly counts: Int32Array;
  /** The ids of all texts. */
  readonly tokens: Int32Array;
  /** Text n is `tokens.subarray(starts[n], starts[n + 1])`. */
  readonly starts: Int32Array;
}

/**
 * Reads texts once: counts their words, and keeps the ids of the frequent ones.
 * @throws ValueError if an option is out of range, a text is no string, or fewer than two words are frequent enough.
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
 * The share of each word's occurrences that a training keeps: (√(f/t) + 1) · t/f, at most 1, where f is the word's
 * share of all words. Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases", section 2.3, as
 * word2vec.c has it.
 * @param sample t; 0 keeps all.
 */
export function keepProbabilities(counts: Int32Array, sample: number): Float64Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(counts, (count) => {
    const ratio = (sample * total) / count;
    return sample === 0 ? 1 : Math.min(1, Math.sqrt(ratio) + ratio);
  });
}

/**
 * Running sums of counts^exponent, scaled to end at 1: a uniform number falls into a word's part by that word's chance
 * as noise.
 */
export function noiseDistribution(counts: Int32Array, exponent: number): Float64Array {
  let sum = 0;
  const sums = Float64Array.from(counts, (count) => {
    sum += count ** exponent;
    return sum;
  });
  return sums.map((part) => part / sum);
}

/** The word whose part of the running sums holds `u`, in [0, 1). */
export function drawNoise(sums: Float64Array, u: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > u) high = middle;
    else low = middle + 1;
  }
  return low;
}
