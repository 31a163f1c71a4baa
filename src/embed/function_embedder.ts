/** An embedder over a function of the app's own, such as another library's model. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { type NdArray, toNdArray } from "../core/nd_array.ts";
import { formatShape } from "../core/shape.ts";
import { type EmbeddedBatch, Embedder, type Pooling } from "./embedder.ts";

/** Vectors, as libraries give them: nested arrays, typed rows, or data with its `shape` or `dims`. */
export type VectorsOfTexts =
  | readonly (readonly number[] | Float32Array)[]
  | { readonly shape: readonly number[]; readonly data: Float32Array | readonly number[] }
  | { readonly dims: readonly number[]; readonly data: Float32Array | readonly number[] };

/** Gives a vector for each text. */
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
      throw new ShapeError(`embed: the function gave vectors of ${size} numbers; before, they had ${this.#size}`, {
        size,
        expected: this.#size,
      });
    }
    this.#size = size;
    return { data, size };
  }
}

function rowsOf(given: VectorsOfTexts, texts: number): { data: Float32Array; size: number } {
  if (typeof given !== "object" || given === null) {
    throw new ValueError(`embed: the function gave ${typeof given}; expected an array of vectors, or { shape, data }`);
  }
  const what = "embed: the function's vectors";
  const vectors = "data" in given ? shapedOf(given) : given.map((row) => Array.from(row));
  const { shape, data } = toNdArray(vectors, "float32", what);
  if (shape.length !== 2 || shape[0] !== texts || !(shape[1] as number)) {
    throw new ShapeError(
      `embed: the function gave ${formatShape(shape)} for ${texts} texts; expected [${texts}, D]: one vector for each, pooled`,
      { shape, texts },
    );
  }
  return { data: data as Float32Array, size: shape[1] as number };
}

function shapedOf(given: Exclude<VectorsOfTexts, readonly unknown[]>): NdArray {
  return { shape: "dims" in given ? given.dims : given.shape, data: Float32Array.from(given.data) };
}

/**
 * An embedder over any function that turns texts into vectors: it brings batches, the queue, checks and `normalize`, so that
 * another library's model stands where one of Sluice's would. The function decides what `pooling` means.
 *
 * @example
 * const extractor = await pipeline("feature-extraction", "Xenova/all-MiniLM-L6-v2"); // transformers.js
 * const embedder = functionEmbedder((texts, { pooling }) => extractor(texts, { pooling }));
 */
export function functionEmbedder(embed: EmbedFunction): Embedder {
  return new FunctionEmbedder(embed);
}
