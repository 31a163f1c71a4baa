/**
 * The Large Movie Review Dataset: 25,000 reviews to train on and 25,000 to test, half of each positive.
 * Source: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011;
 * https://ai.stanford.edu/~amaas/data/sentiment/
 */
import { FormatError } from "../core/errors.ts";
import { asFormatError } from "../core/json_check.ts";
import {
  checkedLater,
  flag,
  functionLike,
  ifGiven,
  integer,
  type OptionKind,
  type OptionsOf,
  readOptions,
  readSome,
  required,
  signal,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import { openSource, type Source } from "../platform/open_source.ts";
import { dataset, type RaggedDataset } from "./dataset.ts";
import { makeRagged } from "./make_ragged.ts";
import { DROPPED, ENCODING, type EncodingOptions, ReviewEncoder } from "./review_encoder.ts";
import { pickStratified } from "./split_dataset.ts";
import type { ArchiveOptions } from "./tar_archive.ts";
import { Corpus } from "./text_corpus.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The progress of `imdb.load`. */
export interface ImdbProgress {
  /** Bytes of the archive read, still compressed. */
  readonly bytes: number;
  /** The total bytes, if the source reports them. */
  readonly totalBytes: number | undefined;
  readonly reviews: number;
}

/**
 * Options of `imdb.load`. The id scheme is that of Keras's `imdb.load_data`; `maxLength` truncates and pads like
 * `pad_sequences`.
 */
export interface ImdbOptions extends EncodingOptions {
  /** Stanford's original archive: a path, a URL, a Blob or File, a stream or bytes. */
  readonly source: Source;
  /**
   * The seed for shuffling. Default: 113, as in Keras. (The order differs from Keras's because the random generators
   * differ.)
   */
  readonly seed?: number;
  /**
   * The maximum number of reviews in each part, balanced over the classes. The word index is still built from all
   * training texts.
   */
  readonly limit?: number | undefined;
  /** Whether to return the texts too, about 65 MB. */
  readonly keepTexts?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called from time to time while the archive is read. */
  readonly onProgress?: (progress: ImdbProgress) => void;
  /** Limits on the archive; one that exceeds them is rejected. */
  readonly limits?: Pick<ArchiveOptions, "maxEntries" | "maxEntryBytes" | "maxInflatedBytes"> & {
    /** The maximum number of distinct words. Default: 1,000,000, eight times as many as the reviews have. */
    readonly maxWords?: number;
  };
}

const limit: OptionKind<number> = {
  expected: "a whole number of at least 2, for two classes",
  read: (value) => (typeof value === "number" && Number.isSafeInteger(value) && value >= 2 ? value : undefined),
};

const IMDB = {
  source: required(checkedLater<Source>("the archive: a path, a URL, a Blob, a stream or bytes")),
  ...ENCODING,
  seed: withDefault(integer, 113),
  limit: ifGiven(limit),
  keepTexts: withDefault(flag, false),
  signal: ifGiven(signal),
  onProgress: ifGiven(functionLike<ImdbOptions["onProgress"]>("({ bytes }) => …")),
  limits: ifGiven(checkedLater<ImdbOptions["limits"]>("limits")),
} satisfies TableOf<ImdbOptions>;

/** Both halves, shuffled, and the encoder for new text. `y` is float32 `[size, 1]`: 1 for a positive review. */
export interface ImdbData {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  /** The texts in the order of the examples, with `keepTexts`. */
  readonly texts: { readonly train: readonly string[]; readonly test: readonly string[] } | undefined;
}

interface Review {
  readonly isTest: boolean;
  readonly label: 0 | 1;
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly text: string | undefined;
}

/** The maximum number of words in all reviews together, six times as many as they have. */
const MAX_LENGTH = 2 ** 26;
const REVIEW_PATH = /^aclImdb\/(train|test)\/(pos|neg)\/(\d{1,9})_\d{1,2}\.txt$/;
const FOLDERS = ["train/neg", "train/pos", "test/neg", "test/pos"] as const;

/**
 * Loads the reviews from a stream, without holding the whole archive in memory.
 *
 * Words rank by frequency over the training texts; ties are ordered by first appearance, with `train/neg` before
 * `train/pos` and texts by number, independent of the archive's order. Words of the test texts that no training text
 * has are dropped.
 *
 * @throws FormatError if the archive is truncated, damaged, a different one, or exceeds a limit.
 * @throws FileError if the source cannot be read.
 * @throws ValueError if an option is out of range.
 * @throws AbortError if `signal` aborts.
 *
 * @example
 * const { train, test, encoder } = await imdb.load({ source: "aclImdb_v1.tar.gz", numWords: 5000, maxLength: 500 });
 */
async function load(options: ImdbOptions): Promise<ImdbData> {
  const given = readOptions("imdb.load", IMDB, options);
  const { seed, limit = Number.POSITIVE_INFINITY } = given;
  const { corpus, reviews } = await readReviews(given);
  const training = reviews.filter((review) => !review.isTest);
  const { counts, numbers } = corpus.count(training);
  const tokenizer = Tokenizer.fromCounts(counts, training.length);
  const encoder = new ReviewEncoder(tokenizer, readSome("imdb.load", ENCODING, given));

  // Maps provisional numbers to ids, once per word instead of once per occurrence.
  const ids = new Int32Array(corpus.distinctWords).fill(DROPPED);
  let position = 0;
  for (const word of counts.keys()) {
    ids[numbers[position++] as number] = encoder.idOfRank(tokenizer.wordIndex.get(word) as number);
  }
  const halves = [training, reviews.filter((review) => review.isTest)].map((half, stream) => {
    const order = new Random(seed, stream).permutation(half.length);
    const labels = half.map((review) => review.label);
    const { picked } = pickStratified(labels, order, Math.min(limit, half.length));
    return picked.map((index) => half[index] as Review);
  });
  const [train, test] = halves as [Review[], Review[]];
  const textsOf = (half: readonly Review[]) => half.map((review) => review.text ?? "");
  return {
    train: encodeHalf(train, corpus, ids, encoder),
    test: encodeHalf(test, corpus, ids, encoder),
    encoder,
    texts: given.keepTexts ? { train: textsOf(train), test: textsOf(test) } : undefined,
  };
}

/** The data set of movie reviews: `imdb.load({ source, … })`. */
export const imdb = {
  /** Loads the reviews. */
  load,
} as const;

async function readReviews(options: OptionsOf<typeof IMDB>): Promise<{ corpus: Corpus; reviews: Review[] }> {
  const { signal, onProgress, keepTexts } = options;
  const abortable = signal ? { signal } : {};
  const { name, stream, byteLength } = await openSource(options.source, abortable);
  const { maxWords = 1_000_000, ...limits } = options.limits ?? {};
  const corpus = new Corpus(new Tokenizer(), { maxDistinct: maxWords, maxLength: MAX_LENGTH });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reviews = new Map<string, Review>();
  let others = 0;
  let firstOther = "";
  const accept = (path: string): boolean => {
    if (REVIEW_PATH.test(path)) return true;
    if (others++ === 0) firstOther = path;
    return false;
  };
  const { readArchive } = await import("./tar_archive.ts");
  const entries = readArchive(stream, {
    ...limits,
    ...abortable,
    name,
    accept,
    onBytes: (bytes) => onProgress?.({ bytes, totalBytes: byteLength, reviews: reviews.size }),
  });
  for await (const { path, bytes } of entries) {
    const [, half, label, number] = REVIEW_PATH.exec(path) as unknown as [string, string, string, string];
    const key = `${half}/${label}/${number}`;
    if (reviews.has(key))
      throw new FormatError(`${name}: review ${key} occurs twice; get the original archive`, { path });
    const text = decodeReview(decoder, bytes, name, path);
    const { start, end } = asFormatError(`${name}: ${path}`, () => corpus.add(text));
    reviews.set(key, {
      isTest: half === "test",
      label: label === "pos" ? 1 : 0,
      number: Number(number),
      start,
      end,
      text: keepTexts ? text : undefined,
    });
  }
  for (const folder of FOLDERS) {
    if ([...reviews.keys()].some((key) => key.startsWith(folder))) continue;
    const seen = firstOther === "" ? "nothing else" : `${others} other paths, the first "${firstOther.slice(0, 100)}"`;
    throw new FormatError(
      `${name}: no review in aclImdb/${folder}: expected aclImdb/{train,test}/{pos,neg}/ID_RATING.txt, got ` +
        `${reviews.size} reviews and ${seen}; give Stanford's original aclImdb_v1.tar.gz`,
      { folder, reviews: reviews.size, others },
    );
  }
  const sorted = [...reviews.values()].sort((a, b) => a.label - b.label || a.number - b.number);
  return { corpus, reviews: sorted };
}

function decodeReview(decoder: TextDecoder, bytes: Uint8Array, name: string, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new FormatError(`${name}: ${path} is not UTF-8 text; get the original archive`, { path }, { cause });
  }
}

function encodeHalf(half: readonly Review[], corpus: Corpus, ids: Int32Array, encoder: ReviewEncoder): RaggedDataset {
  const { startId, maxLength, padding, truncating } = encoder;
  const rows = half.map((review) => {
    const words = corpus.slice(review);
    const row = new Int32Array(words.length + 1);
    let length = 0;
    if (startId !== DROPPED) row[length++] = startId;
    for (const word of words) {
      const id = ids[word] as number;
      if (id !== DROPPED) row[length++] = id;
    }
    return row.subarray(0, length);
  });
  const y = { shape: [half.length, 1], data: Float32Array.from(half, (review) => review.label) };
  return dataset(makeRagged(rows, { maxLength, padding, truncating }), y);
}
