/** What an embedder gives: a vector for each text. */
import type { NdArray } from "../core/nd_array.ts";
import type { Shape } from "../core/shape.ts";

/** Vectors of texts, in the order of the texts. */
export class Embeddings implements NdArray {
  /** `[texts, size]`; `[0, 0]` for no text of an embedder that does not know its size. */
  readonly shape: Shape;
  /** Row-major. */
  readonly data: Float32Array;
  /** Which texts have no word that the embedder knows: their vectors are all zeros. */
  readonly unknown: readonly number[];

  constructor(shape: Shape, data: Float32Array, unknown: readonly number[] = []) {
    this.shape = shape;
    this.data = data;
    this.unknown = unknown;
  }

  /** The same as `shape`, by the name that transformers.js has. */
  get dims(): Shape {
    return this.shape;
  }

  /** The vector of text `index`: a view. */
  row(index: number): Float32Array {
    const size = this.shape[1] as number;
    return this.data.subarray(index * size, (index + 1) * size);
  }

  /** The vectors as nested arrays. */
  tolist(): number[][] {
    return Array.from({ length: this.shape[0] as number }, (_, index) => Array.from(this.row(index)));
  }
}
