/**
 * The LSTM sweep over time and its gradient (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
 * z_t = x_t + h_{t-1}·U;  i, f, o = σ(z_i, z_f, z_o);  g = tanh(z_c);  c_t = f·c_{t-1} + i·g;  h_t = o·tanh(c_t).
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */
import type { Operand } from "../../core/kernel_call.ts";
import type { Value } from "../../graph/operation.ts";
import type { RecurrentActivation } from "../../kernels/recurrent/activations.ts";
import { type LstmBackwardWrites, lstmBackwardCall } from "../../kernels/recurrent/lstm_backward.ts";
import { LSTM_CELL } from "../../kernels/recurrent/recurrent_cells.ts";
import { sweepForwardCall } from "../../kernels/recurrent/sweep_forward.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { definePaddedSweep } from "./padded_sweep.ts";
import { applySweep, defineSweep, previousHidden, type SweepFamily, type SweepGradReads } from "./sweep.ts";
import type { SweepMeaning } from "./sweep_reference.ts";

/** The two activations of an LSTM or a GRU: of candidate and cell, and of the gates. */
export interface LstmActivations {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
}

/** Where rows share their padding, sweeps read its schedule too. */
interface Scheduled {
  readonly schedule?: Operand;
}

/** One pair of kernels serves rows on their own and rows that share their padding. */
const kernels = {
  backwardCall: (
    { kept, ...reads }: SweepGradReads<Operand> & Scheduled,
    writes: LstmBackwardWrites,
    attributes: LstmActivations,
  ) => lstmBackwardCall({ saved: kept, ...reads }, writes, attributes),
};

const family: SweepFamily<LstmActivations> = {
  name: "lstm",
  gates: 4,
  states: 2,
  savedParts: 5,
  separatesInner: false,
  rereadsInitial: true,
  previous: ({ hidden }, initial) => previousHidden(hidden, initial),
  forwardCall: (...call) => sweepForwardCall(LSTM_CELL, ...call),
  ...kernels,
};

/** Inputs: x, recurrent kernel, and, where there, ids, initial states and mask; outputs: hidden, saved, last. */
export const lstmSweepOp = defineSweep(family);

export const lstmMeaning: SweepMeaning<LstmActivations> = {
  op: lstmSweepOp,
  step: ({ x, inner, states, isMasked }, { activation, recurrentActivation }) => {
    const [h, c] = states as [number, number];
    const [i, f, g, o] = x.map((value, gate) =>
      activate(gate === 2 ? activation : recurrentActivation, value + (inner[gate] as number)),
    ) as [number, number, number, number];
    const cell = isMasked ? c : f * c + i * g;
    return { states: [isMasked ? h : o * activate(activation, cell), cell], saved: [i, f, g, o, cell] };
  },
  stepBack: ({ kept, keptBefore, initial, dStates }, { activation, recurrentActivation }) => {
    const [i, f, g, o, c] = kept as [number, number, number, number, number];
    const [dh, dc] = dStates as [number, number];
    const before = (keptBefore?.[4] ?? initial[1]) as number;
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

/** The last states `[2, B, H]` of a sweep whose rows read their padding once for all. */
export const lstmPaddedSweep = definePaddedSweep(family, kernels);

/** Optional parts of a sweep. */
export interface LstmSweepOptions extends Partial<LstmActivations> {
  /** h and c before the first step, `[2, B, H]`; zeros when absent. */
  readonly initial?: Value;
  /** bool `[B, T]`; where false, h and c pass unchanged. */
  readonly mask?: Value;
}

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
  const { activation = "tanh", recurrentActivation = "sigmoid", mask, ...parts } = options;
  const schedule = mask === undefined ? {} : { mask: maskSchedule(mask) };
  const outputs = applySweep(lstmSweepOp, { x, recurrent, ...parts, ...schedule }, { activation, recurrentActivation });
  const [hidden, saved, last] = outputs as [Value, Value, Value];
  return { hidden, saved, last };
}
