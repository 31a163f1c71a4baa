/**
 * The sweep of an LSTM with peepholes over time and its gradient (Gers & Schmidhuber 2000, "Recurrent Nets that Time
 * and Count"). z_t = x_t + h_{t-1}·U;  i, f = σ(z_i + p_i·c_{t-1}), σ(z_f + p_f·c_{t-1});  g = tanh(z_c);
 * c_t = f·c_{t-1} + i·g;  o = σ(z_o + p_o·c_t);  h_t = o·tanh(c_t). The products with p are unit by unit.
 */
import { at } from "../../core/at.ts";
import { readOptions } from "../../core/option_table.ts";
import { dims } from "../../core/shape.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { PEEPHOLE_LSTM_CELL } from "../../kernels/recurrent/cells.ts";
import { expandDims, slice, stack } from "../data/movement.ts";
import { greaterEqual, mul, where } from "../elementwise/arithmetic.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { LSTM, type LstmActivations, type LstmSweep, type LstmSweepOptions } from "./lstm.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { definePaddedSweep } from "./padded_sweep.ts";
import { defineSweep, gatedFamily, previousState, sumSteps, type UnitGradientInputs, withSaved } from "./sweep.ts";
import type { CellReference } from "./sweep_reference.ts";

/** A peephole's gradient is that of its gate, times the state that the gate saw. */
function peepholeGradient({ outputs, initial, dX, ownIds }: UnitGradientInputs): Value {
  const { saved, hidden } = withSaved(outputs);
  const [rows, steps, units] = dims(hidden.shape, 3);
  const part = (value: Value, index: number) => slice(value, [0, 0, index * units], hidden.shape);
  const after = part(saved, 4);
  // Before its start a row goes through the states of the padding's row, the last one.
  const ofPadding = slice(after, [rows - 1, 0, 0], [1, steps, units]);
  const known = ownIds ? where(expandDims(greaterEqual(ownIds, 0), 2), after, ofPadding) : after;
  const before = previousState(known, initial, 1);
  const summed = (gate: number, seen: Value) => sumSteps(mul(part(dX, gate), seen), ownIds);
  return stack([summed(0, before), summed(1, before), summed(3, after)]);
}

/** The op of the sweep; its mask is a schedule (mask_schedule.ts). */
export const peepholeLstmSweepOp = defineSweep(
  gatedFamily(PEEPHOLE_LSTM_CELL, {
    name: "peepholeLstm",
    previous: ({ hidden }, initial) => previousState(hidden, initial),
    unitWeights: { count: 3, gradient: peepholeGradient },
  }),
  definePaddedSweep,
);

export const peepholeLstmReference: CellReference<LstmActivations> = {
  op: peepholeLstmSweepOp,
  step: ({ x, inner, unitWeights, states, isMasked }, { activation, recurrentActivation }) => {
    const [[h, c], [pi, pf, po]] = [dims(states, 2), dims(unitWeights, 3)];
    const z = (gate: number) => at(x, gate) + at(inner, gate);
    const i = activate(recurrentActivation, z(0) + pi * c);
    const f = activate(recurrentActivation, z(1) + pf * c);
    const g = activate(activation, z(2));
    const cell = isMasked ? c : f * c + i * g;
    const o = activate(recurrentActivation, z(3) + po * cell);
    return { states: [isMasked ? h : o * activate(activation, cell), cell], saved: [i, f, g, o, cell] };
  },
  stepBack: ({ kept, keptBefore, unitWeights, initial, dStates }, { activation, recurrentActivation }) => {
    const [[i, f, g, o, c], [pi, pf, po], [dh, dc]] = [dims(kept, 5), dims(unitWeights, 3), dims(dStates, 2)];
    const before = keptBefore?.[4] ?? at(initial, 1);
    const y = activate(activation, c);
    const dO = dh * y * slopeFromOutput(recurrentActivation, o);
    const dCell = dc + dh * o * slopeFromOutput(activation, y) + dO * po;
    const dI = dCell * g * slopeFromOutput(recurrentActivation, i);
    const dF = dCell * before * slopeFromOutput(recurrentActivation, f);
    const dX = [dI, dF, dCell * i * slopeFromOutput(activation, g), dO];
    return { dX, dInner: dX, dStates: [0, dCell * f + dI * pi + dF * pf] };
  },
};

/**
 * Runs an LSTM with peepholes over all timesteps: x `[B, T, 4H]` (input · kernel + bias, gates in the order i, f, c,
 * o), recurrent kernel `[H, 4H]`, peepholes `[3, H]` of the gates i, f, o. What it takes and gives beside is an LSTM's.
 * @throws ShapeError naming the part that does not fit.
 */
export function peepholeLstmSweep(
  x: Value,
  recurrent: Value,
  peepholes: Value,
  options: LstmSweepOptions = {},
): LstmSweep {
  expectValue("peepholeLstmSweep", x, recurrent, peepholes);
  const given = readOptions("peepholeLstmSweep(x, recurrent, peepholes)", LSTM, options);
  const { activation, recurrentActivation, initial, mask } = given;
  const inputs = { x, recurrent, unitWeights: peepholes, initial, mask: mask && maskSchedule(mask) };
  return withSaved(peepholeLstmSweepOp(inputs, { activation, recurrentActivation }));
}
