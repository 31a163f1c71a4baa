import { flag, readOptions, withDefault } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { stack } from "../../ops/data/movement.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { type LstmActivations, type LstmSweep, type LstmSweepOptions, lstmSweep } from "../../ops/recurrent/lstm.ts";
import { lstmCell as lstmStep } from "../../ops/recurrent/lstm_cell.ts";
import type { Activation } from "../activations/index.ts";
import type { Initializer } from "../weights/initializers.ts";
import type { CellContext, CellStep, CellSweep, SweepInputs } from "./cell.ts";
import {
  CELL,
  GatedCell,
  type GatedCellOptions,
  gateOf,
  kernelActivation,
  type RecurrentProduct,
  statesOf,
} from "./gated_cell.ts";
import type { LayerConfig } from "./layer.ts";
import { activationOption } from "./layer_options.ts";

/** Options of `lstmCell`; names and defaults are Keras's. */
export interface LstmCellOptions extends GatedCellOptions {
  /** The forget gate's bias starts at 1 (Jozefowicz et al. 2015); true when absent. */
  readonly unitForgetBias?: boolean;
}

/** The table of an LSTM's cell. */
export const LSTM_CELL = {
  recurrentActivation: activationOption("sigmoid"),
  unitForgetBias: withDefault(flag, true),
  ...CELL,
};

/**
 * One step of an LSTM (Hochreiter & Schmidhuber 1997). States: h and c, `[B, units]`. Weights: kernel `[D, 4·units]`,
 * recurrent kernel `[units, 4·units]`, bias `[4·units]`; gates in the order i, f, c, o.
 * Keras: https://keras.io/api/layers/recurrent_layers/lstm_cell/
 */
export class LstmCell extends GatedCell {
  readonly className: string = "LSTMCell";
  readonly recurrentActivation: Activation;
  readonly unitForgetBias: boolean;
  protected readonly gates = 4;

  constructor(options: LstmCellOptions) {
    const given = readOptions("lstmCell", LSTM_CELL, options);
    super(given);
    this.recurrentActivation = given.recurrentActivation;
    this.unitForgetBias = given.unitForgetBias;
  }

  override get config(): LayerConfig {
    const { recurrentActivation, unitForgetBias } = this;
    return { ...super.config, recurrentActivation: recurrentActivation.config, unitForgetBias };
  }

  override get stateSizes(): readonly number[] {
    return [this.units, this.units];
  }

  protected override biasInitializer({ config, fill }: Initializer): Initializer {
    return {
      config,
      fill: (shape, random) => {
        const data = fill(shape, random);
        return this.unitForgetBias ? data.fill(1, this.units, 2 * this.units) : data;
      },
    };
  }

  protected get kernelActivations(): LstmActivations | undefined {
    const activation = kernelActivation(this.activation);
    const recurrentActivation = kernelActivation(this.recurrentActivation);
    return activation === undefined || recurrentActivation === undefined
      ? undefined
      : { activation, recurrentActivation };
  }

  /** The kernel over all timesteps, from the projected input `[B, T, 4·units]`. */
  protected overTime(x: Value, recurrent: Value, options: LstmSweepOptions): LstmSweep {
    return lstmSweep(x, recurrent, options);
  }

  override sweep({ x, initial, mask }: SweepInputs, context: CellContext): CellSweep {
    const [projected, recurrent] = [this.project(x, context), this.weight(1)];
    const { hidden, saved, last } = this.overTime(projected, recurrent, {
      ...this.kernelActivations,
      ...(mask && { mask }),
      ...(initial && { initial: stack(initial) }),
    });
    const savedNames = ["i", "f", "candidate", "o", "c"];
    return { hidden, saved, savedNames, states: statesOf(last), link: { projected, recurrent } };
  }

  protected advance(x: Value, [h, c]: readonly [Value, Value], product: RecurrentProduct): CellStep {
    const z = add(x, product(h));
    const known = this.kernelActivations;
    if (known !== undefined) {
      const next = lstmStep(z, c, known);
      return { output: next.h, states: [next.h, next.c] };
    }
    const gate = (index: number) => this.recurrentActivation.apply(gateOf(z, this.units, index));
    const candidate = this.activation.apply(gateOf(z, this.units, 2));
    const cell = add(mul(gate(1), c), mul(gate(0), candidate));
    const output = mul(gate(3), this.activation.apply(cell));
    return { output, states: [output, cell] };
  }
}

/** A cell of an LSTM, for `rnn` and `stackedRnnCells`. */
export function lstmCell(options: LstmCellOptions): LstmCell {
  return new LstmCell(options);
}
