import { readOptions } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { stack } from "../../ops/data/movement.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { type SimpleRnnActivation, simpleRnnSweep } from "../../ops/recurrent/simple_rnn.ts";
import type { CellContext, CellStep, CellSweep, SweepInputs } from "./cell.ts";
import { CELL, type CellOptions, GatedCell, kernelActivation, type RecurrentProduct, statesOf } from "./gated_cell.ts";

/**
 * One step of a simple recurrent layer (Elman 1990): h = activation(x·W + h·U + b). State: h, `[B, units]`. Weights:
 * kernel
 * `[D, units]`, recurrent kernel `[units, units]`, bias `[units]`.
 * Keras: https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/
 */
export class SimpleRnnCell extends GatedCell {
  readonly className = "SimpleRNNCell";
  protected readonly gates = 1;

  constructor(options: CellOptions) {
    super(readOptions("simpleRnnCell", CELL, options));
  }

  protected get kernelActivations(): SimpleRnnActivation | undefined {
    const activation = kernelActivation(this.activation);
    return activation === undefined ? undefined : { activation };
  }

  override sweep({ x, initial, mask }: SweepInputs, context: CellContext): CellSweep {
    const [projected, recurrent] = [this.project(x, context), this.weight(1)];
    const { hidden, last } = simpleRnnSweep(projected, recurrent, {
      ...this.kernelActivations,
      ...(mask && { mask }),
      ...(initial && { initial: stack(initial) }),
    });
    return { hidden, savedNames: [], states: statesOf(last), link: { projected, recurrent } };
  }

  protected advance(x: Value, [h]: readonly [Value], product: RecurrentProduct): CellStep {
    const output = this.activation.apply(add(x, product(h)));
    return { output, states: [output] };
  }
}

/** A cell of a simple recurrent layer, for `rnn` and `stackedRnnCells`. */
export function simpleRnnCell(options: CellOptions): SimpleRnnCell {
  return new SimpleRnnCell(options);
}
