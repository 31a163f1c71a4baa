/** The base class of embedders, which convert texts to vectors. */
import { AbortError, ShapeError, ValueError } from "../core/errors.ts";
import {
  flag,
  ifGiven,
  type OptionsOf,
  oneOf,
  positive,
  readOptions,
  signal,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { shown } from "../core/options.ts";
import { checkedTexts } from "./argument_checks.ts";
import { Embeddings } from "./embeddings.ts";
import { Turns } from "./serial_turns.ts";
import { norm } from "./similarity.ts";

/** How the vectors of a text's words are pooled: the last word's vector, the mean, or the maximum of each component. */
export type Pooling = "last" | "mean" | "max";

/** Options of `embed`. */
export interface EmbedOptions {
  /** Default: "last" for a model's states, "mean" for a function; word vectors support only "mean". */
  readonly pooling?: Pooling | undefined;
  /** Whether to scale each vector to length 1; zeros stay zeros. Default: false. */
  readonly normalize?: boolean | undefined;
  /** The number of texts in a batch; 32 by default. */
  readonly batchSize?: number | undefined;
  /** Aborts between two batches. */
  readonly signal?: AbortSignal | undefined;
}

const EMBED = {
  pooling: ifGiven(oneOf(["last", "mean", "max"])),
  normalize: withDefault(flag, false),
  batchSize: withDefault(positive, 32),
  signal: ifGiven(signal),
} satisfies TableOf<EmbedOptions>;

/** Vectors of a batch. */
export interface EmbeddedBatch {
  /** `[texts, size]`, row-major. */
  readonly data: Float32Array;
  readonly size: number;
  /** False for a text without a known word, whose row becomes zeros. Default: all texts are known. */
  readonly known?: readonly boolean[];
}

/**
 * Converts texts to vectors. Create one with `modelEmbedder`, `wordEmbedder` or `functionEmbedder`.
 *
 * Texts are batched by similar length; the result is in the order of the texts. Calls may overlap; they run one after
 * the other. A text without a known word, such as an empty one, gets zeros and is listed in `unknown`; vectors only
 * contain finite numbers.
 *
 * @example
 * const { data, shape } = await embedder.embed(["a fine film", "a dull one"], { pooling: "mean", normalize: true });
 */
export abstract class Embedder {
  readonly #turns = new Turns("embedder", () => this.release());

  /** The dimension of the vectors; undefined until it is known. */
  abstract get vectorSize(): number | undefined;

  /** The poolings that this embedder supports, the default first. */
  protected abstract readonly poolings: readonly Pooling[];

  /** The length of a text, for batches of similar length. */
  protected abstract lengthOf(text: string): number;

  /** The vectors of a batch of texts. */
  protected abstract embedBatch(texts: readonly string[], pooling: Pooling): Promise<EmbeddedBatch>;

  /**
   * The vectors of texts, `[texts, size]`; of one string, `[1, size]`.
   * @throws ValueError if a text is not a string, an option is out of range, or a vector is not finite.
   * @throws AbortError if `signal` aborts.
   * @throws DisposedError after `dispose`.
   */
  async embed(texts: string | readonly string[], options: EmbedOptions = {}): Promise<Embeddings> {
    const list = checkTexts(texts);
    const { batchSize, ...given } = readOptions("embed(texts)", EMBED, options);
    const { pooling = this.poolings[0] as Pooling } = given;
    if (!this.poolings.includes(pooling)) {
      throw new ValueError(`embed: pooling is "${pooling}"; this embedder has ${this.poolings.join(", ")}`, {
        pooling,
      });
    }
    return this.#turns.take("embed", () => this.#embedAll(list, pooling, batchSize, given), given.signal);
  }

  /**
   * Frees the embedder's GPU resources, but not the model or word vectors that it was given. A running call rejects
   * after its current batch, and waiting calls reject. Does nothing when called again.
   */
  dispose(): void {
    this.#turns.close();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Frees the GPU resources. Called when no work is running. */
  protected release(): void {}

  /** Runs work after all earlier calls have finished. */
  protected inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(what, work);
  }

  async #embedAll(
    texts: readonly string[],
    pooling: Pooling,
    batchSize: number,
    { normalize, signal }: Pick<OptionsOf<typeof EMBED>, "normalize" | "signal">,
  ): Promise<Embeddings> {
    const lengths = texts.map((text) => this.lengthOf(text));
    const order = texts.map((_, index) => index).sort((a, b) => (lengths[a] as number) - (lengths[b] as number));
    const unknown: number[] = [];
    let size = this.vectorSize ?? 0;
    let data = new Float32Array(texts.length * size);
    for (let start = 0; start < texts.length; start += batchSize) {
      this.#turns.assertOpen("embed");
      if (signal?.aborted) throw new AbortError("embed was stopped", {}, { cause: signal.reason });
      const members = order.slice(start, start + batchSize);
      // Stops waiting on abort, so that the next call runs even if this batch, or the app's function, never ends.
      const batch = await this.#turns.untilStopped(
        this.embedBatch(
          members.map((index) => texts[index] as string),
          pooling,
        ),
        signal,
      );
      if (start === 0 && batch.size !== size) {
        size = batch.size;
        data = new Float32Array(texts.length * size);
      }
      checkBatch(batch, size, members);
      for (const [row, index] of members.entries()) {
        if (batch.known?.[row] === false) unknown.push(index);
        else data.set(batch.data.subarray(row * size, (row + 1) * size), index * size);
      }
    }
    const embeddings = new Embeddings(
      [texts.length, size],
      data,
      unknown.sort((a, b) => a - b),
    );
    if (normalize) for (let index = 0; index < texts.length; index++) toUnit(embeddings.row(index));
    return embeddings;
  }
}

function checkTexts(texts: string | readonly string[]): string[] {
  if (typeof texts === "string") return [texts];
  if (Array.isArray(texts)) return [...checkedTexts("embed", texts)];
  throw new ValueError(`embed: got ${shown(texts)}; expected a string or an array of strings`);
}

function checkBatch({ data, size: width, known }: EmbeddedBatch, size: number, members: readonly number[]): void {
  if (width !== size || data.length !== members.length * size) {
    throw new ShapeError(
      `embed: got ${data.length} numbers, vectors of ${width}, for ${members.length} texts; expected ` +
        `vectors of ${size}`,
      { size: width, expected: size },
    );
  }
  const wrong = data.findIndex((value, at) => !Number.isFinite(value) && known?.[Math.floor(at / size)] !== false);
  if (wrong < 0) return;
  const index = members[Math.floor(wrong / size)];
  throw new ValueError(`embed: the vector of text ${index} holds ${data[wrong]}; expected finite numbers`, { index });
}

function toUnit(row: Float32Array): void {
  const length = norm(row);
  if (length === 0) return;
  for (let at = 0; at < row.length; at++) row[at] = (row[at] as number) / length;
}
