/** Messages of the view “Words”: the map of word vectors. */
import type { Which } from "./models.ts";

/** The model as it is now, or with the initial weights that its seed gives. */
export type Moment = "before" | "after";

export interface WordsParams {
  readonly which: Which;
  readonly moment: Moment;
}

/** Word vectors projected onto a plane. */
export interface WordMap {
  /** x and y of each word, interleaved. */
  readonly points: Float32Array<ArrayBuffer>;
  /** The share of the vectors' variance along x, and along y. */
  readonly explained: readonly [number, number];
}

/** A map, and the words of its points in order. */
export interface WordsResult extends WordMap {
  readonly words: readonly string[];
  /** The dimension of the vectors. */
  readonly size: number;
  /** The number of occurrences of each word in the texts that the model was trained on. */
  readonly counts: readonly number[];
}

export interface NearParams extends WordsParams {
  readonly place: number;
  readonly count: number;
}

/** A near neighbour of a word, by its index among the words. */
export interface NearWord {
  readonly place: number;
  readonly cosine: number;
}
