/**
 * Samples the words of each skip-gram step. Random numbers are keyed by seed, epoch and position, and never depend on
 * the vectors, so a batch can be prepared while the GPU works on the previous one.
 */
import { Random, threefry2x32 } from "../core/random.ts";
import { drawNoise, keepProbabilities, noiseDistribution, type WordCorpus } from "./word_corpus.ts";

/** The sizes of a step. */
export interface SkipGramShape {
  /** Groups of centres that share their noise words. */
  readonly groups: number;
  /** Centre words of a group. */
  readonly centres: number;
  /** Words on either side of a centre that may be its context. */
  readonly window: number;
  /** Noise words of a group. */
  readonly noise: number;
}

/** The sampling options. */
export interface SamplingOptions {
  readonly seed: number;
  /** See `keepProbabilities`. */
  readonly sample: number;
  /** Noise words are drawn with probability proportional to count ^ noiseExponent. */
  readonly noiseExponent: number;
}

/** The words of a step. The next step reuses the arrays. */
export interface SkipGramBatch {
  /** `[groups, centres]`; -1 after the last word. */
  readonly centres: Int32Array;
  /**
   * `[groups, centres + 2 · window + noise]`: the text around and including the group's centres, then its noise words.
   */
  readonly others: Int32Array;
  /** `[groups, centres]`: the number of context words to the left (and right) of each centre. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** The number of pairs of a centre and a context word. */
  readonly pairs: number;
  /** The fraction of the epoch's text read up to and including this batch. */
  readonly share: number;
}

/** The random stream for the order of texts; streams below 2^16 are the epochs' position streams. */
const ORDER_STREAM = 1 << 16;
/** The second word of the counter: the purpose of the random number. */
const [POSITION, NOISE] = [0, 1];
const WORDS = 0x1_0000_0000;

/**
 * Iterates over a corpus, epoch by epoch: texts in random order, frequent words subsampled, and a window of random size
 * around each remaining word, limited to its text.
 */
export class SkipGramBatches {
  readonly #corpus: WordCorpus;
  readonly #shape: SkipGramShape;
  readonly #seed: number;
  readonly #keep: Float64Array;
  readonly #noise: Float64Array;
  /**
   * A buffer of consecutive words (their ids, window sizes and texts), with `window` more on either side than a batch
   * has centres.
   */
  readonly #ids: Int32Array;
  readonly #reaches: Int32Array;
  readonly #texts: Int32Array;
  readonly #batch: { readonly [Name in "centres" | "others" | "left" | "right"]: Int32Array };
  #order: Int32Array = new Int32Array();
  #epoch = 0;
  #filled = 0;
  #text = 0;
  #position = 0;
  #read = 0;
  #drawn = 0;

  constructor(corpus: WordCorpus, shape: SkipGramShape, { seed, sample, noiseExponent }: SamplingOptions) {
    const { groups, centres, window, noise } = shape;
    this.#corpus = corpus;
    this.#shape = shape;
    this.#seed = seed;
    this.#keep = keepProbabilities(corpus.counts, sample).map((share) => share * WORDS);
    this.#noise = noiseDistribution(corpus.counts, noiseExponent);
    const slots = groups * centres + 2 * window;
    [this.#ids, this.#reaches, this.#texts] = [new Int32Array(slots), new Int32Array(slots), new Int32Array(slots)];
    const [size, others] = [groups * centres, groups * (centres + 2 * window + noise)];
    this.#batch = {
      centres: new Int32Array(size),
      others: new Int32Array(others),
      left: new Int32Array(size),
      right: new Int32Array(size),
    };
  }

  /** Starts an epoch. */
  begin(epoch: number): void {
    const texts = this.#corpus.starts.length - 1;
    this.#epoch = epoch;
    this.#order = new Random(this.#seed, ORDER_STREAM + epoch).permutation(texts);
    [this.#text, this.#position, this.#read, this.#drawn] = [0, this.#startOf(0), 0, 0];
    this.#filled = 0;
    this.#leaveEmpty(this.#shape.window);
  }

  /** The next words; undefined at the epoch's end. */
  next(): SkipGramBatch | undefined {
    const { groups, centres, window } = this.#shape;
    const slots = this.#ids.length;
    while (this.#filled < slots && this.#take());
    const isOver = (this.#ids[window] as number) < 0 || this.#filled <= window;
    if (this.#filled < slots) this.#leaveEmpty(slots);
    if (isOver) return undefined;
    let pairs = 0;
    for (let index = 0; index < groups * centres; index++) pairs += this.#place(index);
    this.#placeOthers();
    const share = this.#read / Math.max(1, this.#corpus.tokens.length);
    for (const row of [this.#ids, this.#reaches, this.#texts]) row.copyWithin(0, groups * centres);
    this.#filled = 2 * window;
    return { ...this.#batch, pairs, share };
  }

  /** Appends the next word that subsampling keeps to the buffer; false at the end. */
  #take(): boolean {
    const { tokens } = this.#corpus;
    while (this.#text < this.#order.length) {
      if (this.#position === this.#endOf(this.#text)) {
        this.#text++;
        this.#position = this.#startOf(this.#text);
        continue;
      }
      const position = this.#position++;
      this.#read++;
      const id = tokens[position] as number;
      const [toKeep, toReach] = threefry2x32(this.#seed, this.#epoch, position, POSITION);
      if (toKeep >= (this.#keep[id] as number)) continue;
      this.#ids[this.#filled] = id;
      this.#reaches[this.#filled] = 1 + Math.floor((toReach / WORDS) * this.#shape.window);
      this.#texts[this.#filled++] = this.#text;
      return true;
    }
    return false;
  }

  #startOf(text: number): number {
    return this.#corpus.starts[this.#order[text] ?? 0] as number;
  }

  #endOf(text: number): number {
    return this.#corpus.starts[(this.#order[text] as number) + 1] as number;
  }

  #leaveEmpty(end: number): void {
    for (const row of [this.#ids, this.#texts]) row.fill(-1, this.#filled, end);
    this.#filled = end;
  }

  /** Writes centre `index` of the batch; returns the size of its context. */
  #place(index: number): number {
    const slot = index + this.#shape.window;
    const id = this.#ids[slot] as number;
    const reach = id < 0 ? 0 : (this.#reaches[slot] as number);
    const text = this.#texts[slot];
    let [left, right] = [0, 0];
    while (left < reach && this.#texts[slot - left - 1] === text) left++;
    while (right < reach && this.#texts[slot + right + 1] === text) right++;
    this.#batch.centres[index] = id;
    this.#batch.left[index] = left;
    this.#batch.right[index] = right;
    return left + right;
  }

  #placeOthers(): void {
    const { groups, centres, window, noise } = this.#shape;
    const { others } = this.#batch;
    const near = centres + 2 * window;
    for (let group = 0; group < groups; group++) {
      const start = group * (near + noise);
      others.set(this.#ids.subarray(group * centres, group * centres + near), start);
      for (let index = start + near; index < start + near + noise; index++) {
        const [word] = threefry2x32(this.#seed, this.#epoch, this.#drawn++, NOISE);
        others[index] = drawNoise(this.#noise, word / WORDS);
      }
    }
  }
}
