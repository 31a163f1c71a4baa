/** An embedder on a custom function, such as another library's model. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type Nested, toNdArray } from "../core/nd_array.ts";
import { shown } from "../core/options.ts";
import { formatShape } from "../core/shape.ts";
import { type EmbeddedBatch, Embedder, type Pooling } from "./embedder.ts";
import { isNumbers } from "./vector_rows.ts";

/** Vectors in the forms that libraries return: nested arrays, typed rows, or data with its `shape` or `dims`. */
export type VectorsOfTexts =
  | readonly (readonly number[] | Float32Array)[]
  | { readonly shape: readonly number[]; readonly data: Float32Array | readonly number[] }
  | { readonly dims: readonly number[]; readonly data: Float32Array | readonly number[] };

/** Returns a vector for each text. */
export type EmbedFunction = (
  texts: readonly string[],
  options: { readonly pooling: Pooling },
) => VectorsOfTexts | Promise<VectorsOfTexts>;

class FunctionEmbedder extends Embedder {
  protected readonly poolings: readonly Pooling[] = ["mean", "last", "max"];
  readonly #embed: EmbedFunction;
  #size: number | undefined;

  constructor(embed: EmbedFunction) {
    super();
    if (typeof embed !== "function") {
      throw new ValueError(
        `functionEmbedder: got ${shown(embed)}; expected a function (texts, { pooling }) => vectors`,
      );
    }
    this.#embed = embed;
  }

  get vectorSize(): number | undefined {
    return this.#size;
  }

  protected lengthOf(text: string): number {
    return text.length;
  }

  protected async embedBatch(texts: readonly string[], pooling: Pooling): Promise<EmbeddedBatch> {
    const { data, size } = rowsOf(await this.#embed(texts, { pooling }), texts.length);
    if (this.#size !== undefined && this.#size !== size) {
      throw new ShapeError(`embed: the function returned vectors of ${size} numbers; before, they had ${this.#size}`, {
        size,
        expected: this.#size,
      });
    }
    this.#size = size;
    return { data, size };
  }
}

function rowsOf(given: unknown, texts: number): { data: Float32Array; size: number } {
  if (!isShaped(given) && !Array.isArray(given)) {
    throw new ValueError(
      `embed: the function returned ${shown(given)}; expected vectors, or { shape, data }, for ${texts} texts`,
    );
  }
  const vectors = isShaped(given)
    ? { shape: "dims" in given ? given.dims : given.shape, data: Array.from(given.data) }
    : given.map((row: unknown, index) => {
        if (isNumbers(row)) return Array.from(row);
        if (Array.isArray(row)) return row as readonly Nested[];
        throw new ValueError(`embed: the function returned ${shown(row)} at ${index}; expected a vector for each text`);
      });
  const { shape, data } = toNdArray(vectors, "float32", "embed: the function's vectors");
  if (shape.length !== 2 || shape[0] !== texts || !(shape[1] as number)) {
    throw new ShapeError(
      `embed: the function returned ${formatShape(shape)} for ${texts} texts; expected [${texts}, D]: one vector for ` +
        "each, pooled",
      { shape, texts },
    );
  }
  return { data: data as Float32Array, size: shape[1] as number };
}

function isShaped(given: unknown): given is Exclude<VectorsOfTexts, readonly unknown[]> {
  return typeof given === "object" && given !== null && "data" in given && ("dims" in given || "shape" in given);
}

/**
 * Creates an embedder from any function that converts texts to vectors: it adds batches, a queue, checks and
 * `normalize`, so that another library's model can replace one of Sluice's. The function defines the meaning of
 * `pooling`. It must not await this embedder, whose calls would wait for the function.
 *
 * @example
 * const extractor = await pipeline("feature-extraction", "Xenova/all-MiniLM-L6-v2"); // transformers.js
 * const embedder = functionEmbedder((texts, { pooling }) => extractor(texts, { pooling }));
 */
export function functionEmbedder(embed: EmbedFunction): Embedder {
  return new FunctionEmbedder(embed);
}
