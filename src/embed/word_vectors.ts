/** Words with their vectors, and queries on them. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { checkArray, type NdArray } from "../core/nd_array.ts";
import {
  checkedLater,
  ifGiven,
  instanceOf,
  listOf as listKind,
  positive,
  readOptions,
  readValue,
  type TableOf,
  text,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { cosine, norm } from "./similarity.ts";

/** A word and its cosine, from -1 to 1. */
export interface SimilarWord {
  readonly word: string;
  readonly score: number;
}

/** The query of `mostSimilar`. */
export interface MostSimilarOptions {
  /** Words or vectors that the result should be similar to. */
  readonly positive?: WordLike | readonly WordLike[];
  /** Words or vectors that it should be dissimilar to. */
  readonly negative?: WordLike | readonly WordLike[];
  /** The number of words to return; 10 by default. */
  readonly topn?: number;
  /** Search only this many words from the start of the vocabulary, which are usually the most frequent. */
  readonly restrictVocab?: number | undefined;
}

const asked = checkedLater<WordLike | readonly WordLike[]>("words, or vectors of numbers");

const MOST_SIMILAR = {
  positive: withDefault(asked, []),
  negative: withDefault(asked, []),
  topn: withDefault(positive, 10),
  restrictVocab: ifGiven(positive),
} satisfies TableOf<MostSimilarOptions>;

const LIMITS = { topn: MOST_SIMILAR.topn, restrictVocab: MOST_SIMILAR.restrictVocab };

/** A word of the vocabulary, or a vector. */
export type WordLike = string | Float32Array | Float64Array | readonly number[];

/** The number of words that an error lists. */
const SHOWN = 5;

/**
 * Vectors of words, in the order of the words, usually the most frequent first.
 *
 * @example
 * const vectors = await trainWordVectors(texts, { device });
 * vectors.mostSimilar({ positive: ["terrible"] }); // [{ word: "horrible", score: 0.8 }, …]
 * vectors.mostSimilar({ positive: ["king", "woman"], negative: ["man"], topn: 1 });
 */
export class WordVectors {
  readonly words: readonly string[];
  /** `[words, size]`, row-major. */
  readonly data: Float32Array;
  /** The count of each word in the corpus, if known. */
  readonly counts: Int32Array | undefined;
  /** The dimension of the vectors. */
  readonly vectorSize: number;
  readonly #ids: ReadonlyMap<string, number>;
  #norms: Float64Array | undefined;

  /**
   * @throws ShapeError unless there is a vector, and a count if any, for each word.
   * @throws ValueError if a word occurs twice, or a number is not finite.
   */
  constructor(words: readonly string[], vectors: NdArray, counts?: Int32Array) {
    const { shape, data } = checkArray(vectors, "WordVectors");
    readValue("WordVectors", "words", listKind(text), words);
    if (counts !== undefined) readValue("WordVectors", "counts", instanceOf("an Int32Array", Int32Array), counts);
    const [rows, size] = shape;
    if (shape.length !== 2 || rows !== words.length || !size || !(data instanceof Float32Array)) {
      const dtype = data instanceof Float32Array ? "float32" : shown(data);
      throw new ShapeError(
        `WordVectors: the vectors are ${dtype} ${formatShape(shape)}; expected a Float32Array as [${words.length}, ` +
          `D]: a row for each of the ${words.length} words`,
        { shape, words: words.length },
      );
    }
    if (data.length !== rows * size || (counts !== undefined && counts.length !== rows)) {
      throw new ShapeError(
        `WordVectors: got ${data.length} numbers and ${counts?.length ?? rows} counts for ${rows} words; expected ` +
          `${rows * size} and ${rows}`,
        { words: rows, numbers: data.length },
      );
    }
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new ValueError(
        `WordVectors: the vector of ${JSON.stringify(words[Math.floor(wrong / size)])} holds ${data[wrong]}; ` +
          "expected finite numbers",
        { word: words[Math.floor(wrong / size)] },
      );
    }
    const ids = new Map(words.map((word, id) => [word, id]));
    if (ids.size !== words.length) {
      const twice = words.find((word, id) => ids.get(word) !== id);
      throw new ValueError(`WordVectors: the word ${JSON.stringify(twice)} occurs twice; expected each once`, {
        word: twice,
      });
    }
    this.words = words;
    this.data = data;
    this.counts = counts;
    this.vectorSize = size;
    this.#ids = ids;
  }

  /** The number of words. */
  get size(): number {
    return this.words.length;
  }

  /** `[words, vectorSize]`. */
  get shape(): Shape {
    return [this.size, this.vectorSize];
  }

  /** True for a word that has a vector. The comparison is case-sensitive. */
  has(word: string): boolean {
    return this.#ids.has(word);
  }

  /** A word's index in `words`; undefined for an unknown word. */
  idOf(word: string): number | undefined {
    return this.#ids.get(word);
  }

  /** A word's vector: a view. @throws ValueError for an unknown word. */
  vectorOf(word: string): Float32Array {
    return this.#row(this.#known(word));
  }

  /** The cosine of two words' vectors. @throws ValueError for an unknown word. */
  similarity(a: string, b: string): number {
    const [x, y] = [this.#known(a), this.#known(b)];
    return this.#cosine(this.#row(x), this.#norm(x), y);
  }

  /**
   * The words whose vectors have the largest cosine with the mean of the unit vectors of `positive` minus those of
   * `negative`; the query's words are excluded. Computed in float64; ties in the order of the words. A word without
   * direction (all zeros) scores
   * 0. Source: Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word Representations" (3CosAdd).
   *
   * @throws ValueError for an unknown word, an empty query, or an option out of range.
   * @throws ShapeError for a vector of another size.
   */
  mostSimilar(options: MostSimilarOptions): SimilarWord[] {
    const { topn, restrictVocab } = this.limitsOf(options);
    const { vector, asked } = this.direction(options);
    const length = norm(vector);
    const found: { id: number; score: number }[] = [];
    for (let id = 0; id < Math.min(restrictVocab, this.size); id++) {
      if (asked.has(id)) continue;
      const score = this.#cosine(vector, length, id);
      if (found.length === topn && score <= (found[topn - 1] as { score: number }).score) continue;
      const before = found.findIndex((other) => other.score < score);
      found.splice(before < 0 ? found.length : before, 0, { id, score });
      if (found.length > topn) found.pop();
    }
    return found.map(({ id, score }) => ({ word: this.words[id] as string, score }));
  }

  /**
   * The number of words that `mostSimilar` returns, and the number that it searches. @throws ValueError if one is out
   * of range.
   */
  limitsOf(options: MostSimilarOptions): { readonly topn: number; readonly restrictVocab: number } {
    const { topn, restrictVocab = this.size } = readOptions("mostSimilar", MOST_SIMILAR, options);
    return { topn, restrictVocab };
  }

  /**
   * The query vector of `mostSimilar` (the mean of the unit vectors, `negative` ones negated) and the ids of the
   * query's words. Use it for a custom search, such as a `VectorIndex` over many words.
   * @throws as `mostSimilar`.
   */
  direction(options: MostSimilarOptions): { readonly vector: Float64Array; readonly asked: ReadonlySet<number> } {
    const { positive, negative } = readOptions("mostSimilar", MOST_SIMILAR, options);
    const asked = new Set<number>();
    const vector = new Float64Array(this.vectorSize);
    const sides = [
      [listOf(positive), 1],
      [listOf(negative), -1],
    ] as const;
    const count = sides.reduce((sum, [list]) => sum + list.length, 0);
    if (count === 0) throw new ValueError("mostSimilar: the query is empty; expected words in positive or negative");
    for (const [list, sign] of sides) {
      for (const each of list) {
        const own = typeof each === "string" ? this.vectorOf(each) : this.#checked(each);
        if (typeof each === "string") asked.add(this.#known(each));
        const length = norm(own);
        if (length === 0) continue;
        for (let at = 0; at < vector.length; at++) {
          vector[at] = (vector[at] as number) + (sign * (own[at] as number)) / (length * count);
        }
      }
    }
    return { vector, asked };
  }

  #checked(vector: Exclude<WordLike, string>): ArrayLike<number> {
    if (!ArrayBuffer.isView(vector) && !Array.isArray(vector)) {
      throw new ValueError(`mostSimilar: got ${shown(vector)}; expected words, or vectors of numbers`);
    }
    if (vector.length !== this.vectorSize) {
      throw new ShapeError(`mostSimilar: got a vector of ${vector.length} numbers; expected ${this.vectorSize}`, {
        length: vector.length,
        expected: this.vectorSize,
      });
    }
    const wrong = vector.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return vector;
    throw new ValueError(`mostSimilar: a vector holds ${vector[wrong]}; expected finite numbers`, { at: wrong });
  }

  #known(word: string): number {
    const id = this.#ids.get(word);
    if (id !== undefined) return id;
    const some = this.words.slice(0, SHOWN).map((known) => JSON.stringify(known));
    throw new ValueError(
      `the word ${shown(word)} has no vector; there are ${this.size} words: ` +
        `${some.join(", ")}${this.size > SHOWN ? ", …" : ""} (case counts; ask has() first)`,
      { word },
    );
  }

  #row(id: number): Float32Array {
    return this.data.subarray(id * this.vectorSize, (id + 1) * this.vectorSize);
  }

  #norm(id: number): number {
    this.#norms ??= Float64Array.from({ length: this.size }, (_, each) => norm(this.#row(each)));
    return this.#norms[id] as number;
  }

  #cosine(vector: ArrayLike<number>, length: number, id: number): number {
    const { data, vectorSize } = this;
    let dot = 0;
    for (let at = 0, from = id * vectorSize; at < vectorSize; at++, from++) {
      dot += (vector[at] as number) * (data[from] as number);
    }
    return cosine(dot, length * this.#norm(id));
  }
}

/**
 * "a is to b as c is to …": the words nearest to b − a + c.
 * @throws ValueError for an unknown word.
 * @example
 * analogy(vectors, "man", "king", "woman")[0]?.word; // "queen", if the vectors are good
 */
export function analogy(
  vectors: WordVectors,
  a: string,
  b: string,
  c: string,
  options: Pick<MostSimilarOptions, "topn" | "restrictVocab"> = {},
): SimilarWord[] {
  readValue("analogy", "vectors", instanceOf("WordVectors", WordVectors), vectors);
  const { topn, restrictVocab } = readOptions("analogy(vectors, a, b, c)", LIMITS, options);
  return vectors.mostSimilar({ topn, restrictVocab, positive: [b, c], negative: [a] });
}

function listOf(given: WordLike | readonly WordLike[]): readonly WordLike[] {
  const isList = Array.isArray(given) && typeof given[0] !== "number";
  return isList ? given : [given as WordLike];
}
