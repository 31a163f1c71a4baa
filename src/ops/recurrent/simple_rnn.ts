/**
 * The sweep of a simple recurrent layer over time and its gradient (Elman 1990): h_t = tanh(x_t + h_{t-1}·U).
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */
import type { Value } from "../../graph/operation.ts";
import type { RecurrentActivation } from "../../kernels/recurrent/activations.ts";
import { simpleRnnBackwardCall } from "../../kernels/recurrent/simple_rnn_backward.ts";
import { simpleRnnForwardCall } from "../../kernels/recurrent/simple_rnn_forward.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { applySweep, defineSweep, previousHidden, type SweepFamily } from "./sweep.ts";
import type { SweepMeaning } from "./sweep_reference.ts";

/** The activation of the state. */
export interface SimpleRnnActivation {
  readonly activation: RecurrentActivation;
}

/** The layer's sizes, and the kernels that run it. */
const simpleRnnFamily: SweepFamily<SimpleRnnActivation> = {
  name: "simpleRnn",
  gates: 1,
  states: 1,
  savedParts: 0,
  separatesInner: false,
  rereadsInitial: false,
  previous: ({ hidden }, initial) => previousHidden(hidden, initial),
  forwardCall: (reads, writes, { activation }, isUsed) => simpleRnnForwardCall(reads, writes, activation, isUsed),
  backwardCall: ({ kept, ...reads }, writes, { activation }) =>
    simpleRnnBackwardCall({ hidden: kept, ...reads }, writes, activation),
};

/** Inputs: x, recurrent kernel, and, where there, ids, initial state and mask; outputs: hidden, last. */
export const simpleRnnSweepOp = defineSweep(simpleRnnFamily);

export const simpleRnnMeaning: SweepMeaning<SimpleRnnActivation> = {
  op: simpleRnnSweepOp,
  step: ({ x: [x], inner: [u], states: [h], isMasked }, { activation }) => ({
    states: [isMasked ? (h as number) : activate(activation, (x as number) + (u as number))],
    saved: [],
  }),
  stepBack: ({ kept: [h], dStates: [dh] }, { activation }) => {
    const dX = [(dh as number) * slopeFromOutput(activation, h as number)];
    return { dX, dInner: dX, dStates: [0] };
  },
};

/** Optional parts of a sweep. */
export interface SimpleRnnSweepOptions extends Partial<SimpleRnnActivation> {
  /** h before the first step, `[1, B, H]`; zeros when absent. */
  readonly initial?: Value;
  /** bool `[B, T]`; where false, h passes unchanged. */
  readonly mask?: Value;
}

/** What a sweep gives. */
export interface SimpleRnnSweep {
  /** h after every step, `[B, T, H]`. */
  readonly hidden: Value;
  /** h after the last step, `[1, B, H]`. */
  readonly last: Value;
}

/**
 * Runs a simple recurrent layer over all timesteps: x `[B, T, H]` (input · kernel + bias), recurrent kernel `[H, H]`.
 * @throws ShapeError naming the part that does not fit.
 */
export function simpleRnnSweep(x: Value, recurrent: Value, options: SimpleRnnSweepOptions = {}): SimpleRnnSweep {
  const { activation = "tanh", mask, ...parts } = options;
  const schedule = mask === undefined ? {} : { mask: maskSchedule(mask) };
  const [hidden, last] = applySweep(simpleRnnSweepOp, { x, recurrent, ...parts, ...schedule }, { activation }) as [
    Value,
    Value,
  ];
  return { hidden, last };
}
