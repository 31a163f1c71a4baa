/**
 * The LSTM sweep over time and its gradient (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
 * z_t = x_t + h_{t-1}·U;  i, f, o = σ(z_i, z_f, z_o);  g = tanh(z_c);  c_t = f·c_{t-1} + i·g;  h_t = o·tanh(c_t).
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */
import { at } from "../../core/at.ts";
import { readOptions, type TableOf } from "../../core/option_table.ts";
import { dims } from "../../core/shape.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import type { KernelActivation } from "../../kernels/elementwise/activations.ts";
import { LSTM_CELL } from "../../kernels/recurrent/cells.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { definePaddedSweep } from "./padded_sweep.ts";
import { defineSweep, gatedFamily, previousState, withSaved } from "./sweep.ts";
import { GATED, SWEEP } from "./sweep_options.ts";
import type { CellReference } from "./sweep_reference.ts";

/** The two activations of an LSTM or a GRU: of candidate and cell, and of the gates. */
export interface LstmActivations {
  readonly activation: KernelActivation;
  readonly recurrentActivation: KernelActivation;
}

/** The op of the sweep; its mask is a schedule (mask_schedule.ts). */
export const lstmSweepOp = defineSweep(
  gatedFamily(LSTM_CELL, {
    previous: ({ hidden }, initial) => previousState(hidden, initial),
  }),
  definePaddedSweep,
);

export const lstmReference: CellReference<LstmActivations> = {
  op: lstmSweepOp,
  step: ({ x, inner, states, isMasked }, { activation, recurrentActivation }) => {
    const [h, c] = dims(states, 2);
    const [i, f, g, o] = dims(
      x.map((value, gate) => activate(gate === 2 ? activation : recurrentActivation, value + at(inner, gate))),
      4,
    );
    const cell = isMasked ? c : f * c + i * g;
    return { states: [isMasked ? h : o * activate(activation, cell), cell], saved: [i, f, g, o, cell] };
  },
  stepBack: ({ kept, keptBefore, initial, dStates }, { activation, recurrentActivation }) => {
    const [i, f, g, o, c] = dims(kept, 5);
    const [dh, dc] = dims(dStates, 2);
    const before = keptBefore?.[4] ?? at(initial, 1);
    const y = activate(activation, c);
    const dCell = dc + dh * o * slopeFromOutput(activation, y);
    const dX = [
      dCell * g * slopeFromOutput(recurrentActivation, i),
      dCell * before * slopeFromOutput(recurrentActivation, f),
      dCell * i * slopeFromOutput(activation, g),
      dh * y * slopeFromOutput(recurrentActivation, o),
    ];
    return { dX, dInner: dX, dStates: [0, dCell * f] };
  },
};

/** Optional parts of a sweep. */
export interface LstmSweepOptions extends Partial<LstmActivations> {
  /** h and c before the first step, `[2, B, H]`; zeros when absent. */
  readonly initial?: Value | undefined;
  /** bool `[B, T]`; where false, h and c pass unchanged. */
  readonly mask?: Value | undefined;
}

/** The options of a sweep of an LSTM. */
export const LSTM = { ...GATED, ...SWEEP } satisfies TableOf<LstmSweepOptions>;

/** What a sweep gives. */
export interface LstmSweep {
  /** h after every step, `[B, T, H]`. */
  readonly hidden: Value;
  /** i, f, candidate, o and c of every step, `[B, T, 5H]`: for looking at; it has no gradient. */
  readonly saved: Value;
  /** h and c after the last step, `[2, B, H]`. */
  readonly last: Value;
}

/**
 * Runs an LSTM over all timesteps: x `[B, T, 4H]` (input · kernel + bias, gates in the order i, f, c, o),
 * recurrent kernel `[H, 4H]`.
 * @throws ShapeError naming the part that does not fit.
 */
export function lstmSweep(x: Value, recurrent: Value, options: LstmSweepOptions = {}): LstmSweep {
  expectValue("lstmSweep", x, recurrent);
  const { activation, recurrentActivation, initial, mask } = readOptions("lstmSweep(x, recurrent)", LSTM, options);
  const inputs = { x, recurrent, initial, mask: mask && maskSchedule(mask) };
  return withSaved(lstmSweepOp(inputs, { activation, recurrentActivation }));
}
