/** The result of an embedder: a vector for each text. */

import type { NdArray } from "../core/nd_array.ts";
import { count, readValue } from "../core/option_table.ts";
import type { Shape } from "../core/shape.ts";

/** Vectors of texts, in the order of the texts. */
export class Embeddings implements NdArray {
  /** `[texts, size]`; `[0, 0]` for no texts, if the embedder does not know its dimension yet. */
  readonly shape: Shape;
  /** Row-major. */
  readonly data: Float32Array;
  /** The indices of the texts without a known word; their vectors are zeros. */
  readonly unknown: readonly number[];

  constructor(shape: Shape, data: Float32Array, unknown: readonly number[] = []) {
    this.shape = shape;
    this.data = data;
    this.unknown = unknown;
  }

  /** An alias of `shape`, as in transformers.js. */
  get dims(): Shape {
    return this.shape;
  }

  /** The vector of text `index`: a view. */
  row(index: number): Float32Array {
    readValue("Embeddings.row", "index", count, index);
    const size = this.shape[1] as number;
    return this.data.subarray(index * size, (index + 1) * size);
  }

  /** The vectors as nested arrays. */
  tolist(): number[][] {
    return Array.from({ length: this.shape[0] as number }, (_, index) => Array.from(this.row(index)));
  }
}
