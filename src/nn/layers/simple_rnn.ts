import { type OptionsOf, readOptions, readSome } from "../../core/option_table.ts";
import type { Activation } from "../activations/index.ts";
import { CELL, type CellOptions } from "./gated_cell.ts";
import type { LayerConfig } from "./layer.ts";
import { RNN, Rnn, type RnnOptions, type WithStates } from "./rnn.ts";
import { SimpleRnnCell } from "./simple_rnn_cell.ts";

/** Options of `simpleRnn`; names and defaults are Keras's. */
export interface SimpleRnnOptions extends RnnOptions, CellOptions {}

const SIMPLE_RNN = {
  ...CELL,
  ...RNN,
};

/**
 * A recurrent layer whose output is fed back (Elman 1990): `[B, T, D]` -> `[B, units]`, or `[B, T, units]` with
 * `returnSequences`. Weights: kernel `[D, units]`, recurrent kernel `[units, units]`, bias `[units]`.
 * Keras: https://keras.io/api/layers/recurrent_layers/simple_rnn/
 */
export class SimpleRnn extends Rnn<SimpleRnnCell> {
  override readonly className = "SimpleRNN";

  readonly #given: OptionsOf<typeof SIMPLE_RNN>;

  constructor(options: SimpleRnnOptions) {
    const given = readOptions("simpleRnn", SIMPLE_RNN, options);
    super(new SimpleRnnCell(readSome("simpleRnn", CELL, given)), readSome("simpleRnn", RNN, given));
    this.#given = given;
  }

  override get config(): LayerConfig {
    return { ...this.cell.config, ...this.sequenceConfig };
  }

  override reversed(name: string): SimpleRnn {
    return new SimpleRnn({ ...this.#given, goBackwards: !this.goBackwards, name, trainable: this.trainable });
  }

  /** Width of the state, and of the output. */
  get units(): number {
    return this.cell.units;
  }

  /** Of the state. */
  get activation(): Activation {
    return this.cell.activation;
  }

  /** Whether a bias is added. */
  get useBias(): boolean {
    return this.cell.useBias;
  }
}

/** A simple recurrent layer. */
export function simpleRnn(options: SimpleRnnOptions & { readonly returnState: true }): WithStates<SimpleRnn>;
export function simpleRnn(options: SimpleRnnOptions): SimpleRnn;
export function simpleRnn(options: SimpleRnnOptions): SimpleRnn {
  return new SimpleRnn(options);
}
