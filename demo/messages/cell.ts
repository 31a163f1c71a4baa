/** Messages of the view “Inside the cell”: the gates and states of a recurrent layer. */
import type { Which } from "./models.ts";

/** The recurrent layers that the page can show, by Keras's names. */
export type CellKind = "lstm" | "gru" | "simpleRnn";

/** A gate or state of a layer; every kind of layer has `h`. */
export type PartName = "f" | "i" | "candidate" | "c" | "o" | "h" | "z" | "r";

/** A word as the layer reads it. */
export interface Token {
  readonly word: string;
  /** Its index among the words of the text; absent for the token that starts a row. */
  readonly place: number | undefined;
  /** The word is too rare to have its own vector. */
  readonly isRare: boolean;
}

/** A layer's gate or state: one row of `units` numbers for each token. */
export type Part = Float32Array<ArrayBuffer>;

export interface CellParams {
  readonly which: Which;
  readonly text: string;
}

/** The gates and states of a layer as it reads a text. */
export interface CellReading {
  readonly text: string;
  readonly kind: CellKind;
  readonly units: number;
  /** The tokens that the layer reads, in order, without padding. */
  readonly tokens: readonly Token[];
  readonly parts: Readonly<Partial<Record<PartName, Part>>>;
  /** c (or h, for a layer without c) before the first token: the state after the padding. */
  readonly before: Part;
  /**
   * The weight by which each unit's last h is multiplied in the logit; empty if the layer's output goes to another
   * layer.
   */
  readonly output: Part;
  readonly bias: number;
}
