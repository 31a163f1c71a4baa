/**
 * Stores streamed texts as word numbers. Keras's ids depend on word counts over all training texts, so words get
 * provisional numbers first and are renumbered once all texts are known.
 */
import { ValueError } from "../core/errors.ts";
import { MAX_WORDS, type Tokenizer } from "./tokenizer.ts";

/** The size limits of a corpus. */
export interface CorpusLimits {
  /** The maximum number of distinct words. Default: 10 million. */
  readonly maxDistinct?: number;
  /** The maximum number of words in all texts together. Default: 2^29, which take 2 GiB. */
  readonly maxLength?: number;
}

/** A growing array of word numbers; a text's words are `words.subarray(start, end)`. */
export class Corpus {
  readonly #tokenizer: Tokenizer;
  readonly #limits: Required<CorpusLimits>;
  readonly #numbers = new Map<string, number>();
  #words = new Int32Array(1 << 16);
  #length = 0;

  constructor(tokenizer: Tokenizer, { maxDistinct = MAX_WORDS, maxLength = 2 ** 29 }: CorpusLimits = {}) {
    this.#tokenizer = tokenizer;
    this.#limits = { maxDistinct, maxLength };
  }

  /**
   * Adds a text, and returns the range of its words, which identifies it.
   * @throws ValueError if there are more words, or more distinct ones, than the limits allow.
   */
  add(text: string): { readonly start: number; readonly end: number } {
    const start = this.#length;
    for (const word of this.#tokenizer.words(text)) {
      let number = this.#numbers.get(word);
      if (number === undefined) {
        number = this.#numbers.size;
        if (number === this.#limits.maxDistinct) throw beyond(`${number} distinct words`);
        this.#numbers.set(word, number);
      }
      if (this.#length === this.#words.length) this.#grow();
      this.#words[this.#length++] = number;
    }
    return { start, end: this.#length };
  }

  /** Distinct words over all texts. */
  get distinctWords(): number {
    return this.#numbers.size;
  }

  /** The provisional numbers of the words from `start` to `end`: a view. */
  slice(range: { readonly start: number; readonly end: number }): Int32Array {
    return this.#words.subarray(range.start, range.end);
  }

  /**
   * Counts the words of some texts. The Map is in order of first appearance.
   * @returns counts by word, and each word's provisional number in the same order.
   */
  count(ranges: readonly { readonly start: number; readonly end: number }[]): {
    readonly counts: Map<string, number>;
    readonly numbers: readonly number[];
  } {
    const counts = new Int32Array(this.#numbers.size);
    const numbers: number[] = [];
    for (const range of ranges) {
      for (const number of this.slice(range)) {
        if (counts[number] === 0) numbers.push(number);
        counts[number] = (counts[number] as number) + 1;
      }
    }
    const names = [...this.#numbers.keys()];
    return {
      counts: new Map(numbers.map((number) => [names[number] as string, counts[number] as number])),
      numbers,
    };
  }

  #grow(): void {
    const { maxLength } = this.#limits;
    if (this.#length >= maxLength) throw beyond(`${maxLength} words`);
    const larger = new Int32Array(Math.min(this.#words.length * 2, maxLength));
    larger.set(this.#words);
    this.#words = larger;
  }
}

function beyond(most: string): ValueError {
  return new ValueError(`the texts have more than ${most}; expected natural language: give fewer texts`, { most });
}
