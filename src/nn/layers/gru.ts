import { type OptionsOf, readOptions, readSome } from "../../core/option_table.ts";
import type { Activation } from "../activations/index.ts";
import { GRU_CELL, GruCell, type GruCellOptions } from "./gru_cell.ts";
import type { LayerConfig } from "./layer.ts";
import { RNN, Rnn, type RnnOptions, type WithStates } from "./rnn.ts";

/** Options of `gru`; names and defaults are Keras's. */
export interface GruOptions extends RnnOptions, GruCellOptions {}

const GRU = {
  ...GRU_CELL,
  ...RNN,
};

/**
 * Gated recurrent unit (Cho et al. 2014): `[B, T, D]` -> `[B, units]`, or `[B, T, units]` with `returnSequences`.
 * Weights: kernel `[D, 3·units]`, recurrent kernel `[units, 3·units]`, bias `[2, 3·units]` (`[3·units]` with
 * `resetAfter` false); gates in the order z, r, h. The loop over time is inside one kernel with `resetAfter`, Keras's
 * default.
 * Keras: https://keras.io/api/layers/recurrent_layers/gru/
 */
export class Gru extends Rnn<GruCell> {
  override readonly className = "GRU";

  readonly #given: OptionsOf<typeof GRU>;

  constructor(options: GruOptions) {
    const given = readOptions("gru", GRU, options);
    super(new GruCell(readSome("gru", GRU_CELL, given)), readSome("gru", RNN, given));
    this.#given = given;
  }

  override get config(): LayerConfig {
    return { ...this.cell.config, ...this.sequenceConfig };
  }

  override reversed(name: string): Gru {
    return new Gru({ ...this.#given, goBackwards: !this.goBackwards, name, trainable: this.trainable });
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

  /** Whether the reset gate is applied after the recurrent product, as cuDNN does. */
  get resetAfter(): boolean {
    return this.cell.resetAfter;
  }
}

/** A GRU layer. */
export function gru(options: GruOptions & { readonly returnState: true }): WithStates<Gru>;
export function gru(options: GruOptions): Gru;
export function gru(options: GruOptions): Gru {
  return new Gru(options);
}
