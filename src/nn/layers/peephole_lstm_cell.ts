import { readOptions, readSome } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { slice } from "../../ops/data/movement.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import type { LstmSweep, LstmSweepOptions } from "../../ops/recurrent/lstm.ts";
import { peepholeLstmSweep } from "../../ops/recurrent/peephole_lstm.ts";
import type { CellStep } from "./cell.ts";
import { gateOf, type RecurrentProduct } from "./gated_cell.ts";
import type { LayerConfig, WeightSpec } from "./layer.ts";
import { weightTable } from "./layer_options.ts";
import { LSTM_CELL, LstmCell, type LstmCellOptions } from "./lstm_cell.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

/**
 * Options of `peepholeLstmCell`: those of `lstmCell`, and `peepholeInitializer` ("zeros" when absent: the cell starts
 * as a plain LSTM), `peepholeRegularizer` and `peepholeConstraint`.
 */
export interface PeepholeLstmCellOptions extends LstmCellOptions, WeightOptions<"peephole"> {}

const PEEPHOLE_LSTM_CELL = { ...LSTM_CELL, ...weightTable("peephole", "zeros") };

/**
 * One step of an LSTM with peepholes (F. A. Gers and J. Schmidhuber, "Recurrent Nets that Time and Count", IJCNN 2000):
 * the gates also see the cell's state, each unit its own. The input and forget gates see c before the step, the output
 * gate c after it. States: h and c, `[B, units]`. Weights: kernel `[D, 4·units]`, recurrent kernel `[units, 4·units]`,
 * bias `[4·units]`, gates in the order i, f, c, o; peephole kernel `[3, units]`, gates in the order i, f, o.
 * Keras 3 has no such cell: its files cannot hold it. ONNX can.
 */
export class PeepholeLstmCell extends LstmCell {
  override readonly className = "PeepholeLSTMCell";
  readonly #peephole: WeightRule;

  constructor(options: PeepholeLstmCellOptions) {
    const given = readOptions("peepholeLstmCell", PEEPHOLE_LSTM_CELL, options);
    super(readSome("peepholeLstmCell", LSTM_CELL, given));
    this.#peephole = new WeightRule("peephole", given);
  }

  override get config(): LayerConfig {
    return { ...super.config, ...this.#peephole.config };
  }

  override weightSpecs(inputShape: Shape): WeightSpec[] {
    return [...super.weightSpecs(inputShape), this.#peephole.spec("peephole_kernel", [3, this.units])];
  }

  get #peepholes(): Value {
    return this.weight(this.useBias ? 3 : 2);
  }

  protected override overTime(x: Value, recurrent: Value, options: LstmSweepOptions): LstmSweep {
    return peepholeLstmSweep(x, recurrent, this.#peepholes, options);
  }

  protected override advance(x: Value, [h, c]: readonly [Value, Value], product: RecurrentProduct): CellStep {
    const { units } = this;
    const z = add(x, product(h));
    const seen = (which: number, state: Value) => mul(slice(this.#peepholes, [which, 0], [1, units]), state);
    const gate = (index: number, peephole: Value) =>
      this.recurrentActivation.apply(add(gateOf(z, units, index), peephole));
    const candidate = this.activation.apply(gateOf(z, units, 2));
    const cell = add(mul(gate(1, seen(1, c)), c), mul(gate(0, seen(0, c)), candidate));
    const output = mul(gate(3, seen(2, cell)), this.activation.apply(cell));
    return { output, states: [output, cell] };
  }
}

/** A cell of an LSTM with peepholes, for `rnn` and `stackedRnnCells`. */
export function peepholeLstmCell(options: PeepholeLstmCellOptions): PeepholeLstmCell {
  return new PeepholeLstmCell(options);
}
