/**
 * The embedded data (entry `sluice/sentences`): 3,000 sentences from reviews of films, goods and restaurants, half of
 * them positive.
 *
 * "Sentiment Labelled Sentences" from the UCI Machine Learning Repository, licensed CC BY 4.0
 * (https://archive.ics.uci.edu/dataset/331/sentiment+labelled+sentences).
 * Source: Kotzias, Denil, de Freitas, Smyth, "From Group to Individual Labels using Deep Features", KDD 2015.
 * @module sluice/sentences
 */
import amazonSentences from "../../data/sentences/amazon.json" with { type: "json" };
import imdbSentences from "../../data/sentences/imdb.json" with { type: "json" };
import yelpSentences from "../../data/sentences/yelp.json" with { type: "json" };
import { fraction, integer, readOptions, size, type TableOf, withDefault } from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import { dataset, type RaggedDataset } from "./dataset.ts";
import { ENCODING, type EncodingOptions, ReviewEncoder } from "./review_encoder.ts";
import { Tokenizer } from "./tokenizer.ts";

/** Options of `sentences.load`. The id scheme is that of `imdb.load`. */
export interface SentencesOptions extends EncodingOptions {
  /** Ids greater than or equal to this become `oovChar`. Default: 2,000; most rarer words occur only once. */
  readonly numWords?: number | undefined;
  /** T: the row length. Default: 40, which truncates fewer than 1% of the sentences. */
  readonly maxLength?: number | undefined;
  /** The fraction of the test part. Default: 0.2. */
  readonly testFraction?: number;
  /** The seed for splitting and shuffling. Default: 113. */
  readonly seed?: number;
}

const SENTENCES = {
  ...ENCODING,
  numWords: withDefault(size, 2000),
  maxLength: withDefault(size, 40),
  testFraction: withDefault(fraction, 0.2),
  seed: withDefault(integer, 113),
} satisfies TableOf<SentencesOptions>;

/** Both parts, shuffled, and the encoder for new text. `y` is float32 `[size, 1]`: 1 for a positive sentence. */
export interface SentencesData {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  /** The texts in the order of the examples. */
  readonly texts: { readonly train: readonly string[]; readonly test: readonly string[] };
}

interface Sentence {
  readonly text: string;
  /** 1 for a positive sentence, 0 for a negative one. */
  readonly label: number;
}

/**
 * Loads the sentences. The word index is built from the training part; duplicates of a sentence are all in the same
 * part.
 * @throws ValueError if an option is out of range.
 *
 * @example
 * const { train, test, encoder } = await sentences.load({ numWords: 2000, maxLength: 40 });
 */
async function load(options: SentencesOptions = {}): Promise<SentencesData> {
  const { testFraction, seed, ...encoding } = readOptions("sentences.load", SENTENCES, options);
  const tokenizer = new Tokenizer();
  const all = [...imdbSentences, ...amazonSentences, ...yelpSentences];
  const { train, test } = splitByText(all, (text) => tokenizer.words(text).join(" "), testFraction, seed);
  tokenizer.fitOnTexts(train.map((sentence) => sentence.text));
  const encoder = new ReviewEncoder(tokenizer, encoding);
  const encode = (part: readonly Sentence[]): RaggedDataset =>
    dataset(encoder.encode(textsOf(part)), {
      shape: [part.length, 1],
      data: Float32Array.from(part, (sentence) => sentence.label),
    });
  return { train: encode(train), test: encode(test), encoder, texts: { train: textsOf(train), test: textsOf(test) } };
}

/**
 * The embedded sentences: `sentences.load()`. Show `attribution` with them, as the licence requires; the bundle
 * contains it too.
 */
export const sentences = {
  /** Loads the sentences as training and test data. */
  load,
  attribution:
    "Sentiment Labelled Sentences, UCI Machine Learning Repository, by Dimitrios Kotzias et al., " +
    '"From Group to Individual Labels using Deep Features", KDD 2015. CC BY 4.0.',
} as const;

function textsOf(part: readonly Sentence[]): string[] {
  return part.map((sentence) => sentence.text);
}

/** Splits whole groups of sentences with the same words, each class in proportion; the order is shuffled. */
function splitByText(all: readonly Sentence[], keyOf: (text: string) => string, testFraction: number, seed: number) {
  const order = Array.from(new Random(seed).permutation(all.length), (index) => all[index] as Sentence);
  const groups = new Map<string, Sentence[]>();
  for (const sentence of order) {
    const key = keyOf(sentence.text);
    const group = groups.get(key);
    if (group) group.push(sentence);
    else groups.set(key, [sentence]);
  }
  const wanted = [0, 1].map((label) =>
    Math.round(all.filter((sentence) => sentence.label === label).length * testFraction),
  );
  const held = new Set<Sentence>();
  for (const group of groups.values()) {
    const needed = [0, 1].map((label) => group.filter((sentence) => sentence.label === label).length);
    if (!needed.every((count, label) => count <= (wanted[label] as number))) continue;
    for (const [label, count] of needed.entries()) wanted[label] = (wanted[label] as number) - count;
    for (const sentence of group) held.add(sentence);
  }
  return {
    train: order.filter((sentence) => !held.has(sentence)),
    test: order.filter((sentence) => held.has(sentence)),
  };
}
