/**
 * Sentence vectors from word vectors: a mean that weights rare words higher, minus the component that all sentences
 * share.
 */
import { FormatError, ValueError } from "../core/errors.ts";
import { aboveZero, ifGiven, instanceOf, readOptions, type TableOf, withDefault } from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { Tokenizer } from "../data/tokenizer.ts";
import { readSafetensors, writeSafetensors } from "../io/safetensors.ts";
import { parseStrictJson } from "../io/strict_json.ts";
import { checkedTexts } from "./argument_checks.ts";
import { firstComponent, removeComponent } from "./common_component.ts";
import { type EmbeddedBatch, Embedder, type Pooling } from "./embedder.ts";
import { norm } from "./similarity.ts";
import { WordVectors } from "./word_vectors.ts";
import { MAX_HEADER_BYTES, wordMetadata, wordTensors, wordVectorsOf } from "./word_vectors_safetensors.ts";

/** Options of `wordEmbedder`. */
export interface WordEmbedderOptions {
  /** Splits texts into words, as the vectors' corpus was split. Default: Keras's rules. */
  readonly tokenizer?: Tokenizer | undefined;
  /** a in the weight a / (a + p) of a word with relative frequency p. Default: 1e-3. */
  readonly smoothing?: number | undefined;
}

const WORD_EMBEDDER = {
  tokenizer: ifGiven(instanceOf("a Tokenizer", Tokenizer)),
  smoothing: withDefault(aboveZero, 1e-3),
} satisfies TableOf<WordEmbedderOptions>;

/**
 * Sentence vectors by the method of Arora, Liang & Ma 2017 ("A Simple but Tough-to-Beat Baseline for Sentence
 * Embeddings"): the mean of the known words' vectors, each weighted by a / (a + p), from which `fit`'s component is
 * removed. p comes from the vectors' `counts`, otherwise from the texts of `fit`; before that, all words have equal
 * weight.
 */
export class WordEmbedder extends Embedder {
  readonly vectors: WordVectors;
  readonly smoothing: number;
  protected readonly poolings: readonly Pooling[] = ["mean"];
  readonly #tokenizer: Tokenizer;
  #counts: Int32Array | undefined;
  #total: number;
  #component: Float64Array | undefined;

  /** @throws ValueError if `smoothing` is not above 0. */
  constructor(vectors: WordVectors, options: WordEmbedderOptions = {}) {
    super();
    const { tokenizer = new Tokenizer(), smoothing } = readOptions("wordEmbedder(vectors)", WORD_EMBEDDER, options);
    if (!(vectors instanceof WordVectors)) {
      throw new ValueError(
        `wordEmbedder: got ${shown(vectors)}; expected WordVectors, as returned by readWordVectors or trainWordVectors`,
      );
    }
    this.vectors = vectors;
    this.smoothing = smoothing;
    this.#tokenizer = tokenizer;
    this.#counts = vectors.counts;
    this.#total = totalOf(vectors.counts);
  }

  get vectorSize(): number {
    return this.vectors.vectorSize;
  }

  /** The direction that `embed` removes: a unit vector; undefined before `fit`. */
  get component(): Float64Array | undefined {
    return this.#component?.slice();
  }

  /**
   * Computes the component that the sentences of a corpus share: the first principal component of their uncentred
   * vectors. Also counts the words, if the vectors have no counts.
   * @param texts many texts, of the kind to be embedded; with only a few similar texts, the component would contain
   * their content
   * @throws ValueError if a text is not a string, or none has a known word; nothing changes then.
   */
  async fit(texts: Iterable<string>): Promise<void> {
    const list = [...checkedTexts("fit", texts)];
    return this.inTurn("fit", async () => {
      const counts = this.vectors.counts ?? this.#count(list);
      const total = totalOf(counts);
      const { vectorSize } = this;
      const data = new Float32Array(list.length * vectorSize);
      for (const [row, text] of list.entries()) data.set(this.#mean(text, counts, total) ?? [], row * vectorSize);
      const component = firstComponent(data, vectorSize);
      if (component === undefined) {
        throw new ValueError(
          `fit: none of ${list.length} texts has a word with a vector; expected texts in the vectors' language`,
          { texts: list.length },
        );
      }
      [this.#counts, this.#total, this.#component] = [counts, total, component];
    });
  }

  /**
   * Saves everything as safetensors: vectors, words, their counts, the tokenizer's options and the component.
   * @example
   * const again = wordEmbedderFromBytes(embedder.toBytes());
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    const tensors = wordTensors(this.vectors, this.#counts);
    if (this.#component !== undefined) {
      tensors.set("component", { shape: [this.vectorSize], data: Float32Array.from(this.#component) });
    }
    const metadata = wordMetadata(this.vectors);
    metadata.set("format", FORMAT);
    metadata.set("smoothing", JSON.stringify(this.smoothing));
    metadata.set("tokenizer", JSON.stringify(this.#tokenizer.toJSON()));
    return writeSafetensors(tensors, metadata);
  }

  /** Sets a saved component. For `wordEmbedderFromBytes`. */
  restore(component: Float32Array | undefined): void {
    this.#component = component && Float64Array.from(component);
  }

  protected lengthOf(): number {
    return 0;
  }

  protected async embedBatch(texts: readonly string[]): Promise<EmbeddedBatch> {
    const size = this.vectorSize;
    const data = new Float32Array(texts.length * size);
    const known = texts.map((text, row) => {
      const mean = this.#mean(text, this.#counts, this.#total);
      if (mean === undefined) return false;
      if (this.#component !== undefined) removeComponent(mean, this.#component);
      data.set(mean, row * size);
      return true;
    });
    return { data, size, known };
  }

  /** The weighted mean of a text's known words; undefined if there are none. */
  #mean(text: string, counts: Int32Array | undefined, total: number): Float64Array | undefined {
    const { vectorSize, data } = this.vectors;
    const sum = new Float64Array(vectorSize);
    let known = 0;
    for (const word of this.#tokenizer.words(text)) {
      const id = this.vectors.idOf(word);
      if (id === undefined) continue;
      known++;
      const share = counts === undefined || total === 0 ? 0 : (counts[id] as number) / total;
      const weight = this.smoothing / (this.smoothing + share);
      for (let at = 0, from = id * vectorSize; at < vectorSize; at++, from++) {
        sum[at] = (sum[at] as number) + weight * (data[from] as number);
      }
    }
    return known === 0 ? undefined : sum.map((value) => value / known);
  }

  #count(texts: readonly string[]): Int32Array {
    const counts = new Int32Array(this.vectors.size);
    for (const text of texts) {
      for (const word of this.#tokenizer.words(text)) {
        const id = this.vectors.idOf(word);
        if (id !== undefined) counts[id] = (counts[id] as number) + 1;
      }
    }
    return counts;
  }
}

/** How far a saved component's length may be from 1. */
const UNIT_TOLERANCE = 1e-3;
const FORMAT = "sluice word embedder 1";

/**
 * An embedder over word vectors.
 * @example
 * const { vectors } = await readWordVectors("glove.6B.100d.txt", { maxWords: 50_000 });
 * const embedder = wordEmbedder(vectors);
 * await embedder.fit(sentences);
 * const { data } = await embedder.embed("a fine film", { normalize: true });
 */
export function wordEmbedder(vectors: WordVectors, options: WordEmbedderOptions = {}): WordEmbedder {
  return new WordEmbedder(vectors, options);
}

/**
 * Restores an embedder from the result of `toBytes`.
 * @throws FormatError if the bytes are damaged, truncated, or of another kind or version.
 */
export function wordEmbedderFromBytes(bytes: Uint8Array, name = "word embedder"): WordEmbedder {
  const file = readSafetensors(bytes, name, { maxHeaderBytes: MAX_HEADER_BYTES });
  const format = file.metadata.get("format");
  if (format !== FORMAT) {
    throw new FormatError(
      `${name}: the format is ${JSON.stringify(format)}; expected "${FORMAT}", as WordEmbedder.toBytes writes it`,
      { format },
    );
  }
  const json = (field: string) =>
    parseStrictJson(new TextEncoder().encode(file.metadata.get(field) ?? ""), `${name}: ${field}`);
  const smoothing = json("smoothing");
  if (typeof smoothing !== "number" || !(smoothing > 0)) {
    throw new FormatError(`${name}: smoothing: expected a number above 0`);
  }
  const vectors = wordVectorsOf(file, { tensor: "vectors" }, name);
  const component = file.tensors.get("component")?.data;
  const isUnit = component?.length === vectors.vectorSize && Math.abs(norm(component) - 1) < UNIT_TOLERANCE;
  if (component !== undefined && !isUnit) {
    throw new FormatError(`${name}: component: expected a vector of ${vectors.vectorSize} numbers and length 1`);
  }
  const embedder = new WordEmbedder(vectors, { smoothing, tokenizer: Tokenizer.fromJSON(json("tokenizer")) });
  embedder.restore(component as Float32Array | undefined);
  return embedder;
}

function totalOf(counts: Int32Array | undefined): number {
  return counts?.reduce((sum, count) => sum + count, 0) ?? 0;
}
