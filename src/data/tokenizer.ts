/**
 * Maps words to ids like Keras's Tokenizer: ids count from 1 by descending frequency, ties by first appearance. Source:
 * keras_preprocessing/text.py.
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { arrayOf, asFormatError, countOf, expectFields, objectOf, textOf } from "../core/json_check.ts";
import {
  count,
  flag,
  ifGiven,
  instanceOf,
  type OptionKind,
  readOptions,
  readSome,
  readValue,
  type TableOf,
  text,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import type { Encoder } from "./encoder.ts";
import { encodedRows } from "./make_ragged.ts";
import { SIDES, type Side } from "./pad_sequences.ts";
import type { RaggedSequences } from "./ragged_rows.ts";

/** Keras's filters: punctuation but the apostrophe, tab and newline. */
export const DEFAULT_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n';

/** Options of `Tokenizer`. */
export interface TokenizerOptions {
  /** Only words with ids below this are kept; 0 or undefined keeps all. */
  readonly numWords?: number | undefined;
  /** Characters that become the separator; Keras's by default. */
  readonly filters?: string;
  /** Whether to convert text to lower case. Default: true. */
  readonly lower?: boolean;
  /** The separator between words. Default: a space. As in Keras, other white space is part of a word. */
  readonly split?: string;
  /** Whether every character is a word, including those of `filters`. Default: false. */
  readonly charLevel?: boolean;
  /** A placeholder with id 1 for unknown and too rare words; without it, they are dropped. */
  readonly oovToken?: string | undefined;
  /** T: the row length of `encode`. Default: the model's input length. */
  readonly maxLength?: number | undefined;
  /** Where `encode` pads short rows; `pre` by default. */
  readonly padding?: Side;
  /** Where `encode` cuts long rows; `pre` by default, which keeps their end. */
  readonly truncating?: Side;
}

const separator: OptionKind<string> = {
  expected: "the separator between words",
  read: (value) => text.read(value) || undefined,
};

const TOKENIZER = {
  numWords: ifGiven(count),
  filters: withDefault(text, DEFAULT_FILTERS),
  lower: withDefault(flag, true),
  split: withDefault(separator, " "),
  charLevel: withDefault(flag, false),
  oovToken: ifGiven(text),
  ...SIDES,
} satisfies TableOf<TokenizerOptions>;

/** A Tokenizer as JSON. `words` are in order of first appearance, each with its count, so that fitting can continue. */
export interface TokenizerJson {
  /** Absent in old files. */
  readonly kind?: "tokenizer";
  readonly numWords: number | null;
  readonly filters: string;
  readonly lower: boolean;
  readonly split: string;
  /** Default: false. */
  readonly charLevel?: boolean;
  readonly oovToken: string | null;
  /** Missing in old files, like the next two. */
  readonly maxLength?: number | null;
  readonly padding?: Side;
  readonly truncating?: Side;
  readonly documentCount: number;
  readonly words: readonly string[];
  readonly counts: readonly number[];
}

/**
 * The maximum number of distinct words. V8's Map holds up to 16.7 million; a fitted tokenizer of this size can be
 * restored from JSON.
 */
export const MAX_WORDS = 10_000_000;

function checkSize(words: number): void {
  if (words <= MAX_WORDS) return;
  throw new ValueError(
    `Tokenizer: more than ${MAX_WORDS} distinct words; check split and filters, or give fewer texts`,
  );
}

const isIterable = (given: object | null) =>
  given !== null && typeof Reflect.get(given, Symbol.iterator) === "function";

/** @throws ValueError if it is not a list. */
function listOfIds<T>(ids: Iterable<T>): Iterable<T> {
  if (typeof ids === "object" && isIterable(ids)) return ids;
  throw new ValueError(`Tokenizer: got ${shown(ids)}; expected lists of ids, such as [[1, 2]]`);
}

/** A string is rejected, although it is iterable (by character). */
function listOfTexts(texts: Iterable<string>): Iterable<string> {
  if (typeof texts === "object" && isIterable(texts)) return texts;
  throw new ValueError(`Tokenizer: got ${shown(texts)}; expected a list of texts, such as ["a text"]`);
}

/**
 * Maps words to ids and back. It can be a model's encoder.
 *
 * @example
 * const tokenizer = new Tokenizer({ numWords: 1000 });
 * tokenizer.fitOnTexts(["the cat sat", "the dog"]);
 * tokenizer.textsToSequences(["the dog sat"]); // [[1, 4, 3]]
 *
 * model.encoder = tokenizer; // saved with the model
 * await model.predict(tokenizer.encode(["the dog sat"])); // padded to the model's input
 */
export class Tokenizer implements Encoder {
  readonly kind = "tokenizer";
  readonly numWords: number | undefined;
  readonly filters: string;
  readonly lower: boolean;
  readonly split: string;
  readonly charLevel: boolean;
  readonly oovToken: string | undefined;
  readonly maxLength: number | undefined;
  readonly padding: Side;
  readonly truncating: Side;
  readonly #counts = new Map<string, number>();
  readonly #filterPattern: RegExp | undefined;
  #documentCount = 0;
  #wordIndex: Map<string, number> | undefined;
  #indexWord: string[] | undefined;

  /** @throws ValueError if an option is out of range. */
  constructor(options: TokenizerOptions = {}) {
    const given = readOptions("new Tokenizer", TOKENIZER, options);
    const { numWords, filters, lower, split, charLevel, oovToken, maxLength, padding, truncating } = given;
    this.numWords = numWords || undefined;
    this.filters = filters;
    this.lower = lower;
    this.split = split;
    this.charLevel = charLevel;
    this.oovToken = oovToken;
    this.maxLength = maxLength;
    this.padding = padding;
    this.truncating = truncating;
    this.#filterPattern = filters === "" ? undefined : new RegExp(`[${filters.replace(/[\\\]^-]/g, "\\$&")}]`, "gu");
  }

  /** The number of texts seen while fitting. */
  get documentCount(): number {
    return this.#documentCount;
  }

  /** Each word's id; the most frequent first. */
  get wordIndex(): ReadonlyMap<string, number> {
    this.#wordIndex ??= this.#rank();
    return this.#wordIndex;
  }

  /** Each word's count, in order of first appearance. */
  get wordCounts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** One more than the largest id that `encode` can return: the `inputDim` of an embedding. */
  get inputDim(): number {
    return Math.min(this.numWords ?? Number.POSITIVE_INFINITY, this.wordIndex.size + 1);
  }

  /** Splits a text into words. @throws ValueError if it is not a string. */
  words(text: string): string[] {
    if (typeof text !== "string") throw new ValueError(`Tokenizer: got ${shown(text)}; expected a string`);
    let clean = this.lower ? text.toLowerCase() : text;
    if (this.charLevel) return Array.from(clean);
    if (this.#filterPattern) clean = clean.replace(this.#filterPattern, () => this.split);
    return clean.split(this.split).filter((word) => word !== "");
  }

  /**
   * Counts the words of texts, and adds them to earlier counts.
   * @throws ValueError if a text is not a string, or beyond 10 million distinct words; the counts are then unchanged.
   */
  fitOnTexts(texts: Iterable<string>): void {
    const counts = new Map<string, number>();
    let documents = 0;
    let size = this.#counts.size;
    for (const text of listOfTexts(texts)) {
      documents++;
      for (const word of this.words(text)) {
        const count = counts.get(word) ?? 0;
        if (count === 0 && !this.#counts.has(word)) checkSize(++size);
        counts.set(word, count + 1);
      }
    }
    for (const [word, count] of counts) this.#counts.set(word, (this.#counts.get(word) ?? 0) + count);
    this.#documentCount += documents;
    this.#forget();
  }

  /** Converts texts to ids; unknown and too rare words become `oovToken`'s id, or are dropped. */
  textsToSequences(texts: Iterable<string>): number[][] {
    return Array.from(listOfTexts(texts), (text) => this.encodeText(text));
  }

  /** Converts one text to ids, without truncation or padding. */
  encodeText(text: string): number[] {
    const index = this.wordIndex;
    const oov = this.oovToken === undefined ? undefined : index.get(this.oovToken);
    const ids: number[] = [];
    for (const word of this.words(text)) {
      const id = index.get(word);
      const kept = id !== undefined && this.#isKept(id) ? id : oov;
      if (kept !== undefined) ids.push(kept);
    }
    return ids;
  }

  /** Encodes texts, or a single text, as rows of ids, truncated to `maxLength` or the model's input length. */
  encode(texts: string | readonly string[]): RaggedSequences {
    const { maxLength, padding, truncating } = this;
    return encodedRows(this.textsToSequences([texts].flat()), { maxLength, padding, truncating });
  }

  /** True for the id of a word that `fitOnTexts` has seen and `numWords` keeps. */
  isWord(id: number): boolean {
    return id > (this.oovToken === undefined ? 0 : 1) && id <= this.wordIndex.size && this.#isKept(id);
  }

  /**
   * Converts sequences of ids to texts; ids without a word become `oovToken`, or are dropped. At character level, the
   * original text is restored except for `lower`. Words are joined by `split`; the original text is restored only with
   * `filters: ""`, `lower: false` and single separators.
   */
  sequencesToTexts(sequences: Iterable<Iterable<number>>): string[] {
    this.#indexWord ??= this.#invert();
    const words = this.#indexWord;
    return Array.from(listOfIds(sequences), (sequence) => {
      const text: string[] = [];
      for (const id of listOfIds(sequence)) {
        const word = typeof id === "number" ? words[id] : undefined;
        const shown = word !== undefined && this.#isKept(id) ? word : this.oovToken;
        if (shown !== undefined) text.push(shown);
      }
      return text.join(this.charLevel ? "" : this.split);
    });
  }

  /** This tokenizer as plain JSON. */
  toJSON(): TokenizerJson {
    const { maxLength, padding, truncating } = this;
    return {
      kind: "tokenizer",
      numWords: this.numWords ?? null,
      filters: this.filters,
      lower: this.lower,
      split: this.split,
      ...(this.charLevel && { charLevel: true }),
      oovToken: this.oovToken ?? null,
      maxLength: maxLength ?? null,
      padding,
      truncating,
      documentCount: this.#documentCount,
      words: [...this.#counts.keys()],
      counts: [...this.#counts.values()],
    };
  }

  /**
   * Restores a tokenizer from the result of `toJSON`, and validates every field.
   * @throws FormatError with the missing or invalid field.
   */
  static fromJSON(json: unknown): Tokenizer {
    const fields = objectOf(json, "tokenizer");
    expectFields("tokenizer", fields, TOKENIZER, ["charLevel", "maxLength", "padding", "truncating"]);
    const tokenizer = asFormatError(
      "tokenizer",
      () => new Tokenizer(readSome("tokenizer", TOKENIZER, Object.fromEntries(fields))),
    );
    const words = arrayOf(fields.get("words"), "tokenizer.words", MAX_WORDS);
    const counts = arrayOf(fields.get("counts"), "tokenizer.counts", MAX_WORDS);
    if (words.length !== counts.length) {
      throw new FormatError(`tokenizer: ${words.length} words but ${counts.length} counts; expected equal numbers`);
    }
    for (const [index, word] of words.entries()) {
      const text = textOf(word, "tokenizer.words", 1);
      if (tokenizer.#counts.has(text)) throw new FormatError(`tokenizer.words: ${JSON.stringify(text)} occurs twice`);
      tokenizer.#counts.set(text, countOf(counts[index], "tokenizer.counts"));
    }
    tokenizer.#documentCount = countOf(fields.get("documentCount"), "tokenizer.documentCount");
    return tokenizer;
  }

  /**
   * Creates a tokenizer from existing word counts, in order of first appearance.
   *
   * @example
   * Tokenizer.fromCounts(new Map([["the", 20], ["cat", 3]]), 10, { numWords: 1000 });
   */
  static fromCounts(
    counts: ReadonlyMap<string, number>,
    documentCount: number,
    options: TokenizerOptions = {},
  ): Tokenizer {
    const what = "Tokenizer.fromCounts";
    const tokenizer = new Tokenizer(options);
    checkSize(readValue(what, "counts", instanceOf("a Map of counts by word", Map), counts).size);
    for (const [word, times] of readValue(what, "counts", instanceOf("a Map of counts by word", Map), counts)) {
      tokenizer.#counts.set(readValue(what, "a word", text, word), readValue(what, "a word's count", count, times));
    }
    tokenizer.#documentCount = readValue(what, "documentCount", count, documentCount);
    return tokenizer;
  }

  #isKept(id: number): boolean {
    return this.numWords === undefined || id < this.numWords;
  }

  #rank(): Map<string, number> {
    // Array.prototype.sort is stable, which makes first appearance decide ties.
    const ranked = [...this.#counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
    const all = this.oovToken === undefined ? ranked : [this.oovToken, ...ranked];
    return new Map(all.map((word, index) => [word, index + 1]));
  }

  #invert(): string[] {
    const words: string[] = [];
    for (const [word, id] of this.wordIndex) words[id] = word;
    return words;
  }

  #forget(): void {
    this.#wordIndex = undefined;
    this.#indexWord = undefined;
  }
}
