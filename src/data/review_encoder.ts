/**
 * Encodes text as a model's ids: the words of a Tokenizer in the id scheme of Keras's `imdb.load_data`. The encoder is
 * saved with the model, so that new text is encoded like the training text.
 */
import { ValueError } from "../core/errors.ts";
import { asFormatError, choiceOf, expectFields, objectOf } from "../core/json_check.ts";
import { isTyped } from "../core/nd_array.ts";
import {
  id,
  ifGiven,
  instanceOf,
  oneOf,
  readOptions,
  readSome,
  readValue,
  size,
  type TableOf,
  withDefault,
  withNone,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { expectMemory } from "../core/own_memory.ts";
import type { Encoder } from "./encoder.ts";
import { encodedRows } from "./make_ragged.ts";
import { SIDES, type Side } from "./pad_sequences.ts";
import type { RaggedSequences } from "./ragged_rows.ts";
import { Tokenizer, type TokenizerJson } from "./tokenizer.ts";

/** How to treat a word that is not in the tokenizer's index. */
export type UnknownWords = "drop" | "oov";

/** The id scheme, with the semantics and defaults of Keras's `imdb.load_data`. */
export interface EncodingOptions {
  /** Ids greater than or equal to this become `oovChar`. Default: all words are kept. */
  readonly numWords?: number | undefined;
  /** Ids below this become `oovChar`; 0 by default. */
  readonly skipTop?: number;
  /** The id that starts each row, 1 by default; null for none. Like a word's, it falls under `skipTop`, as in Keras. */
  readonly startChar?: number | null;
  /** The id of words too rare or too frequent, 2 by default; null drops them. */
  readonly oovChar?: number | null;
  /** A word's id is its rank (from 1) plus this; 3 by default. */
  readonly indexFrom?: number;
  /** T: longer rows are truncated, shorter ones padded. Default: the model's input length. */
  readonly maxLength?: number | undefined;
  /**
   * How to treat words that the tokenizer never saw: `drop` them, as Keras does, or encode them as `oovChar` (`oov`).
   * Default: `drop`.
   */
  readonly unknownWords?: UnknownWords;
  /** Where short rows are padded; `pre` by default. */
  readonly padding?: Side;
  /** Where long rows are cut; `pre` by default, which keeps their end. */
  readonly truncating?: Side;
}

/** The option table of the id scheme. */
export const ENCODING = {
  numWords: ifGiven(size),
  skipTop: withDefault(id, 0),
  startChar: withNone(id, 1, null),
  oovChar: withNone(id, 2, null),
  indexFrom: withDefault(id, 3),
  ...SIDES,
  unknownWords: withDefault(oneOf(["drop", "oov"]), "drop"),
} satisfies TableOf<EncodingOptions>;

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

/** The id of words that are dropped from the row. */
export const DROPPED = -1;

/**
 * Encodes texts as rows of ids, and ids as text. By default, words that the tokenizer never saw are dropped, as in
 * Keras; see `unknownWords`.
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

  /** @throws ValueError if an option is out of range. */
  constructor(tokenizer: Tokenizer, options: EncodingOptions = {}) {
    const given = readOptions("new ReviewEncoder(tokenizer)", ENCODING, options);
    this.tokenizer = readValue("new ReviewEncoder", "tokenizer", instanceOf("a Tokenizer", Tokenizer), tokenizer);
    this.numWords = given.numWords;
    this.skipTop = given.skipTop;
    this.startChar = given.startChar;
    this.oovChar = given.oovChar;
    this.indexFrom = given.indexFrom;
    this.maxLength = given.maxLength;
    this.unknownWords = given.unknownWords;
    this.padding = given.padding;
    this.truncating = given.truncating;
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
    if (rank !== undefined) return this.#filter(readValue("idOfRank", "rank", id, rank) + this.indexFrom);
    return this.unknownWords === "oov" ? (this.oovChar ?? DROPPED) : DROPPED;
  }

  /**
   * Returns an equivalent encoder with a shorter word list: only the words that have their own id. All others become
   * `oovChar`, including words that the tokenizer never saw, which it can no longer distinguish. Thus a page need not
   * ship 88,000 words with its model.
   *
   * @example model.encoder = encoder.compact(); // `save` and `toFiles` now write this one
   */
  compact(): ReviewEncoder {
    const { tokenizer, numWords, skipTop, startChar, oovChar, indexFrom, maxLength, padding, truncating } = this;
    const options = { numWords, skipTop, startChar, oovChar, indexFrom, maxLength, padding, truncating };
    // Ranks do not change: the words kept are the most frequent ones, in order of first appearance.
    const most = (numWords ?? Number.POSITIVE_INFINITY) - indexFrom;
    const kept = [...tokenizer.wordCounts].filter(([word]) => (tokenizer.wordIndex.get(word) as number) < most);
    const { filters, lower, split, charLevel, oovToken, documentCount } = tokenizer;
    const shorter = Tokenizer.fromCounts(new Map(kept), documentCount, { filters, lower, split, charLevel, oovToken });
    return new ReviewEncoder(shorter, { ...options, unknownWords: "oov" });
  }

  /** Converts one text to ids, without truncation or padding. */
  encodeText(text: string): number[] {
    const index = this.tokenizer.wordIndex;
    const ids = this.startId === DROPPED ? [] : [this.startId];
    for (const word of this.tokenizer.words(text)) {
      const id = this.idOfRank(index.get(word));
      if (id !== DROPPED) ids.push(id);
    }
    return ids;
  }

  /** Encodes texts, or a single text, as rows of ids, truncated to `maxLength` or the model's input length. */
  encode(texts: string | readonly string[]): RaggedSequences {
    const { maxLength, padding, truncating } = this;
    const sequences = [texts].flat().map((text) => this.encodeText(text));
    return encodedRows(sequences, { maxLength, padding, truncating });
  }

  /** True for the id of a word, but not for `startChar` or `oovChar`. */
  isWord(id: number): boolean {
    return id > this.indexFrom;
  }

  /** Decodes ids as readable text, with `<start>` and `<oov>` but without padding. */
  decode(ids: Iterable<number>): string {
    this.#words ??= ["", ...this.tokenizer.wordIndex.keys()];
    const text: string[] = [];
    if (typeof ids !== "object" || ids === null || typeof Reflect.get(ids, Symbol.iterator) !== "function")
      throw new ValueError(`decode: got ${shown(ids)}; expected a list of ids, such as [1, 14, 20]`);
    if (isTyped(ids)) expectMemory(ids, "decode");
    for (const id of ids) {
      if (typeof id !== "number") continue;
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
    const { kind: _, tokenizer, ...options } = Object.fromEntries(fields);
    expectFields("encoder", fields, ENCODING, ["unknownWords"]);
    return asFormatError(
      "encoder",
      () => new ReviewEncoder(Tokenizer.fromJSON(tokenizer), readSome("encoder", ENCODING, options)),
    );
  }

  #filter(id: number): number {
    const kept = id >= this.skipTop && id < (this.numWords ?? Number.POSITIVE_INFINITY);
    return kept ? id : (this.oovChar ?? DROPPED);
  }
}
