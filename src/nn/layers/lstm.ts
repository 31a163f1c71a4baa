import { type OptionsOf, readOptions, readSome } from "../../core/option_table.ts";
import type { Activation } from "../activations/index.ts";
import type { LayerConfig } from "./layer.ts";
import { LSTM_CELL, LstmCell, type LstmCellOptions } from "./lstm_cell.ts";
import { RNN, Rnn, type RnnOptions, type WithStates } from "./rnn.ts";

/** Options of `lstm`; names and defaults are Keras's. */
export interface LstmOptions extends RnnOptions, LstmCellOptions {}

const LSTM = {
  ...LSTM_CELL,
  ...RNN,
};

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997): `[B, T, D]` -> `[B, units]`, or `[B, T, units]` with
 * `returnSequences`. The input's projection is one matmul over all timesteps; the loop over time is inside one kernel.
 * Weights: kernel `[D, 4·units]`, recurrent kernel `[units, 4·units]`, bias `[4·units]`; gates in the order i, f, c, o.
 * Keras: https://keras.io/api/layers/recurrent_layers/lstm/
 */
export class Lstm extends Rnn<LstmCell> {
  override readonly className = "LSTM";

  readonly #given: OptionsOf<typeof LSTM>;

  constructor(options: LstmOptions) {
    const given = readOptions("lstm", LSTM, options);
    super(new LstmCell(readSome("lstm", LSTM_CELL, given)), readSome("lstm", RNN, given));
    this.#given = given;
  }

  override get config(): LayerConfig {
    return { ...this.cell.config, ...this.sequenceConfig };
  }

  override reversed(name: string): Lstm {
    return new Lstm({ ...this.#given, goBackwards: !this.goBackwards, name, trainable: this.trainable });
  }

  /** Width of the state, and of the output. */
  get units(): number {
    return this.cell.units;
  }

  /** Of the candidate. */
  get activation(): Activation {
    return this.cell.activation;
  }

  /** Of the gates. */
  get recurrentActivation(): Activation {
    return this.cell.recurrentActivation;
  }

  /** Whether a bias is added. */
  get useBias(): boolean {
    return this.cell.useBias;
  }
}

/** An LSTM layer. */
export function lstm(options: LstmOptions & { readonly returnState: true }): WithStates<Lstm>;
export function lstm(options: LstmOptions): Lstm;
export function lstm(options: LstmOptions): Lstm {
  return new Lstm(options);
}
