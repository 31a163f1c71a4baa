/**
 * Encodes text as a model's ids: the words of a Tokenizer in the id scheme of Keras's `imdb.load_data`. The encoder is
 * saved with the model, so that new text is encoded like the training text.
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { choiceOf, countOf, objectOf, optionalOf } from "../core/json_check.ts";
import type { OptionNames } from "../core/options.ts";
import type { Encoder } from "./encoder.ts";
import type { Side } from "./pad_sequences.ts";
import { encodedRows, type RaggedSequences } from "./ragged_rows.ts";
import { Tokenizer, type TokenizerJson } from "./tokenizer.ts";

/** How to treat a word that is not in the tokenizer's index. */
export type UnknownWords = "drop" | "oov";

/** The id scheme, with the meanings and defaults of Keras's `imdb.load_data`. */
export interface EncodingOptions {
  /** Ids from this on become `oovChar`; if absent, all words are kept. */
  readonly numWords?: number | undefined;
  /** Ids below this become `oovChar`; 0 by default. */
  readonly skipTop?: number;
  /** The id that starts each row, 1 by default; null for none. Like a word's, it falls under `skipTop`, as in Keras. */
  readonly startChar?: number | null;
  /** The id of words too rare or too frequent, 2 by default; null drops them. */
  readonly oovChar?: number | null;
  /** A word's id is its rank (from 1) plus this; 3 by default. */
  readonly indexFrom?: number;
  /** T: longer rows are cut, shorter ones padded. If absent, rows have the length that the model reads. */
  readonly maxLength?: number | undefined;
  /**
   * Words that the tokenizer never saw: `drop`, as Keras does, or `oov` to read them as `oovChar`; `drop` by default.
   */
  readonly unknownWords?: UnknownWords;
  /** Where short rows are padded; `pre` by default. */
  readonly padding?: Side;
  /** Where long rows are cut; `pre` by default, which keeps their end. */
  readonly truncating?: Side;
}

/** The names of `EncodingOptions`. */
export const ENCODING_OPTIONS: OptionNames<EncodingOptions> = {
  numWords: true,
  skipTop: true,
  startChar: true,
  oovChar: true,
  indexFrom: true,
  maxLength: true,
  unknownWords: true,
  padding: true,
  truncating: true,
};

/** A ReviewEncoder as JSON. */
export interface ReviewEncoderJson {
  readonly kind: "reviews";
  readonly numWords: number | null;
  readonly skipTop: number;
  readonly startChar: number | null;
  readonly oovChar: number | null;
  readonly indexFrom: number;
  readonly maxLength: number | null;
  /** Absent in old files. */
  readonly unknownWords?: UnknownWords;
  readonly padding: Side;
  readonly truncating: Side;
  readonly tokenizer: TokenizerJson;
}

/** An id that leaves its word out of the row. */
export const DROPPED = -1;

/**
 * Encodes texts as rows of ids, and ids as text. Words that the tokenizer never saw are dropped, as Keras drops them,
 * unless `unknownWords` says otherwise.
 *
 * @example
 * const { encoder } = await imdb.load({ source: "aclImdb_v1.tar.gz", numWords: 5000, maxLength: 500 });
 * const x = encoder.encode(["a wonderful film"]);
 * encoder.decode(rowOf(x, 0)); // "<start> a wonderful film"
 */
export class ReviewEncoder implements Encoder {
  readonly kind = "reviews";
  readonly tokenizer: Tokenizer;
  readonly numWords: number | undefined;
  readonly skipTop: number;
  readonly startChar: number | null;
  readonly oovChar: number | null;
  readonly indexFrom: number;
  readonly maxLength: number | undefined;
  readonly unknownWords: UnknownWords;
  readonly padding: Side;
  readonly truncating: Side;
  #words: readonly string[] | undefined;

  /** @throws ValueError when an option is out of range. */
  constructor(tokenizer: Tokenizer, options: EncodingOptions = {}) {
    const { numWords, skipTop = 0, startChar = 1, oovChar = 2, indexFrom = 3, maxLength } = options;
    const { padding = "pre", truncating = "pre", unknownWords = "drop" } = options;
    checkOption("numWords", numWords ?? 1, 1);
    checkOption("maxLength", maxLength ?? 1, 1);
    for (const [name, value] of Object.entries({ skipTop, startChar, oovChar, indexFrom }))
      checkOption(name, value ?? 0, 0);
    this.tokenizer = tokenizer;
    this.numWords = numWords;
    this.skipTop = skipTop;
    this.startChar = startChar;
    this.oovChar = oovChar;
    this.indexFrom = indexFrom;
    this.maxLength = maxLength;
    this.unknownWords = unknownWords;
    this.padding = padding;
    this.truncating = truncating;
  }

  /** One more than the largest id that `encode` can return: the `inputDim` of an embedding. */
  get inputDim(): number {
    const words = this.numWords ?? this.tokenizer.wordIndex.size + this.indexFrom + 1;
    return Math.max(words, (this.oovChar ?? 0) + 1);
  }

  /** The id that starts a row, or DROPPED. */
  get startId(): number {
    return this.startChar === null ? DROPPED : this.#filter(this.startChar);
  }

  /** The id of the word of a rank (from 1; undefined for a word that the tokenizer never saw), or DROPPED. */
  idOfRank(rank: number | undefined): number {
    if (rank !== undefined) return this.#filter(rank + this.indexFrom);
    return this.unknownWords === "oov" ? (this.oovChar ?? DROPPED) : DROPPED;
  }

  /**
   * The same encoder with a shorter word list: only the words that have an id of their own. All others become
   * `oovChar`, those that the tokenizer never saw too, which it can no longer tell apart. A page that ships a model
   * need not ship 88,000 words.
   *
   * @example
   * model.encoder = encoder.compact(); // what `save` and `toFiles` write from here on
   */
  compact(): ReviewEncoder {
    const { tokenizer, numWords, skipTop, startChar, oovChar, indexFrom, maxLength, padding, truncating } = this;
    const options = { numWords, skipTop, startChar, oovChar, indexFrom, maxLength, padding, truncating };
    // Ranks do not change: words above the limit are the most frequent ones, and stay in order of first appearance.
    const most = (numWords ?? Number.POSITIVE_INFINITY) - indexFrom;
    const kept = [...tokenizer.wordCounts].filter(([word]) => (tokenizer.wordIndex.get(word) as number) < most);
    const { filters, lower, split, charLevel, oovToken, documentCount } = tokenizer;
    const shorter = Tokenizer.fromCounts(new Map(kept), documentCount, { filters, lower, split, charLevel, oovToken });
    return new ReviewEncoder(shorter, { ...options, unknownWords: "oov" });
  }

  /** The ids of one text, whole: neither cut nor padded. */
  encodeText(text: string): number[] {
    const index = this.tokenizer.wordIndex;
    const ids = this.startId === DROPPED ? [] : [this.startId];
    for (const word of this.tokenizer.words(text)) {
      const id = this.idOfRank(index.get(word));
      if (id !== DROPPED) ids.push(id);
    }
    return ids;
  }

  /** Rows of ids, one for each text, cut to `maxLength` or to what the model reads; one text is a list of one. */
  encode(texts: string | readonly string[]): RaggedSequences {
    const { maxLength, padding, truncating } = this;
    const sequences = [texts].flat().map((text) => this.encodeText(text));
    return encodedRows(sequences, { maxLength, padding, truncating });
  }

  /** True for the id of a word, and not of a row's start or of words too rare. */
  isWord(id: number): boolean {
    return id > this.indexFrom;
  }

  /** Decodes ids as readable text, with `<start>` and `<oov>` but without padding. */
  decode(ids: Iterable<number>): string {
    this.#words ??= ["", ...this.tokenizer.wordIndex.keys()];
    const text: string[] = [];
    for (const id of ids) {
      if (id === this.startChar) text.push("<start>");
      else if (id === this.oovChar) text.push("<oov>");
      else if (id > this.indexFrom) text.push(this.#words[id - this.indexFrom] ?? "<oov>");
    }
    return text.join(" ");
  }

  /** This encoder as plain JSON. */
  toJSON(): ReviewEncoderJson {
    return {
      kind: "reviews",
      numWords: this.numWords ?? null,
      skipTop: this.skipTop,
      startChar: this.startChar,
      oovChar: this.oovChar,
      indexFrom: this.indexFrom,
      maxLength: this.maxLength ?? null,
      unknownWords: this.unknownWords,
      padding: this.padding,
      truncating: this.truncating,
      tokenizer: this.tokenizer.toJSON(),
    };
  }

  /**
   * Restores an encoder from the result of `toJSON`, and checks every field.
   * @throws FormatError naming the field that is missing or wrong.
   */
  static fromJSON(json: unknown): ReviewEncoder {
    const fields = objectOf(json, "encoder");
    choiceOf(fields.get("kind"), "encoder.kind", ["reviews"]);
    const count = (name: string): number => countOf(fields.get(name), `encoder.${name}`);
    const optional = (name: string) => optionalOf(fields.get(name), `encoder.${name}`, countOf);
    const side = (name: string): Side => choiceOf(fields.get(name), `encoder.${name}`, ["pre", "post"]);
    const tokenizer = Tokenizer.fromJSON(fields.get("tokenizer"));
    const options: EncodingOptions = {
      numWords: optional("numWords"),
      skipTop: count("skipTop"),
      startChar: optional("startChar") ?? null,
      oovChar: optional("oovChar") ?? null,
      indexFrom: count("indexFrom"),
      maxLength: optional("maxLength"),
      unknownWords: choiceOf(fields.get("unknownWords") ?? "drop", "encoder.unknownWords", ["drop", "oov"]),
      padding: side("padding"),
      truncating: side("truncating"),
    };
    try {
      return new ReviewEncoder(tokenizer, options);
    } catch (cause) {
      throw new FormatError(`encoder: ${cause instanceof Error ? cause.message : cause}`, {}, { cause });
    }
  }

  #filter(id: number): number {
    const kept = id >= this.skipTop && id < (this.numWords ?? Number.POSITIVE_INFINITY);
    return kept ? id : (this.oovChar ?? DROPPED);
  }
}

function checkOption(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 31) {
    throw new ValueError(`${name} is ${value}; expected a whole number of at least ${least}`, { [name]: value });
  }
}
