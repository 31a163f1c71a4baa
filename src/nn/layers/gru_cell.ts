import { flag, readOptions, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { broadcastTo, concat, reshape, slice, stack } from "../../ops/data/movement.ts";
import { add, mul, sub } from "../../ops/elementwise/arithmetic.ts";
import { gruSweep } from "../../ops/recurrent/gru.ts";
import type { LstmActivations } from "../../ops/recurrent/lstm.ts";
import type { Activation } from "../activations/index.ts";
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

/** Options of `gruCell`; names and defaults are Keras's. */
export interface GruCellOptions extends GatedCellOptions {
  /**
   * The reset gate comes after the recurrent product (as in cuDNN), else before it (Cho et al. 2014); true when absent.
   */
  readonly resetAfter?: boolean;
}

/** The table of a GRU's cell. */
export const GRU_CELL = {
  recurrentActivation: activationOption("sigmoid"),
  resetAfter: withDefault(flag, true),
  ...CELL,
};

/**
 * One step of a GRU (Cho et al. 2014). State: h, `[B, units]`. Weights: kernel `[D, 3·units]`, recurrent kernel
 * `[units, 3·units]`, bias `[2, 3·units]` (of the input, of the recurrent product), or `[3·units]` with `resetAfter`
 * false; gates in the order z, r, h. Keras: https://keras.io/api/layers/recurrent_layers/gru_cell/
 */
export class GruCell extends GatedCell {
  readonly className = "GRUCell";
  readonly recurrentActivation: Activation;
  readonly resetAfter: boolean;
  protected readonly gates = 3;

  constructor(options: GruCellOptions) {
    const given = readOptions("gruCell", GRU_CELL, options);
    super(given);
    this.recurrentActivation = given.recurrentActivation;
    this.resetAfter = given.resetAfter;
  }

  override get config(): LayerConfig {
    const { recurrentActivation, resetAfter } = this;
    return { ...super.config, recurrentActivation: recurrentActivation.config, resetAfter };
  }

  protected override get biasShape(): Shape {
    return this.resetAfter ? [2, 3 * this.units] : [3 * this.units];
  }

  protected override get inputBias(): Value | undefined {
    return this.resetAfter ? this.#bias(0) : super.inputBias;
  }

  #bias(row: number): Value | undefined {
    const wide = 3 * this.units;
    return this.useBias ? reshape(slice(this.weight(2), [row, 0], [1, wide]), [wide]) : undefined;
  }

  protected get kernelActivations(): LstmActivations | undefined {
    const activation = kernelActivation(this.activation);
    const recurrentActivation = kernelActivation(this.recurrentActivation);
    return !this.resetAfter || activation === undefined || recurrentActivation === undefined
      ? undefined
      : { activation, recurrentActivation };
  }

  override sweep({ x, initial, mask }: SweepInputs, context: CellContext): CellSweep {
    const bias = this.#bias(1);
    const [projected, recurrent] = [this.project(x, context), this.weight(1)];
    const { hidden, saved, last } = gruSweep(projected, recurrent, {
      ...this.kernelActivations,
      ...(bias && { bias }),
      ...(mask && { mask }),
      ...(initial && { initial: stack(initial) }),
    });
    const [batch, time, units] = hidden.shape as [number, number, number];
    const kept = (part: number) => slice(saved, [0, 0, part * units], [batch, time, units]);
    // The reset gate scales the candidate's part of the recurrent product; the update gate lets h pass.
    const plain = broadcastTo(scalar(1), [batch, time, 2 * units]);
    const link = { projected, recurrent, innerScale: concat([plain, kept(1)], 2), carry: kept(0) };
    return { hidden, saved, savedNames: ["z", "r", "candidate"], states: statesOf(last), link };
  }

  protected advance(x: Value, [h]: readonly [Value], product: RecurrentProduct): CellStep {
    const { units } = this;
    const gate = (value: Value, index: number) => gateOf(value, units, index);
    const open = (inner: Value, index: number) =>
      this.recurrentActivation.apply(add(gate(x, index), gate(inner, index)));
    let z: Value;
    let recurrent: Value;
    if (this.resetAfter) {
      const bias = this.#bias(1);
      const inner = bias === undefined ? product(h) : add(product(h), bias);
      z = open(inner, 0);
      recurrent = mul(open(inner, 1), gate(inner, 2));
    } else {
      const inner = product(h, 0, 2);
      z = open(inner, 0);
      recurrent = product(mul(open(inner, 1), h), 2, 1);
    }
    const candidate = this.activation.apply(add(gate(x, 2), recurrent));
    const output = add(mul(z, h), mul(sub(1, z), candidate));
    return { output, states: [output] };
  }
}

/** A cell of a GRU, for `rnn` and `stackedRnnCells`. */
export function gruCell(options: GruCellOptions): GruCell {
  return new GruCell(options);
}
