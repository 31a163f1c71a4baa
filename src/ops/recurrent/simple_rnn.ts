/**
 * The sweep of a simple recurrent layer over time and its gradient (Elman 1990): h_t = tanh(x_t + h_{t-1}·U).
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */

import { readOptions, type TableOf } from "../../core/option_table.ts";
import { dims } from "../../core/shape.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import type { KernelActivation } from "../../kernels/elementwise/activations.ts";
import { simpleRnnBackwardCall } from "../../kernels/recurrent/simple_rnn_backward.ts";
import { simpleRnnForwardCall } from "../../kernels/recurrent/simple_rnn_forward.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { defineSweep, previousState, type SweepFamily } from "./sweep.ts";
import { ACTIVATION, SWEEP } from "./sweep_options.ts";
import type { CellReference } from "./sweep_reference.ts";

/** The activation of the state. */
export interface SimpleRnnActivation {
  readonly activation: KernelActivation;
}

/** The layer's sizes, and the kernels that run it. */
const simpleRnnFamily: SweepFamily<SimpleRnnActivation> = {
  name: "simpleRnn",
  gates: 1,
  states: 1,
  savedParts: 0,
  separatesInner: false,
  rereadsInitial: false,
  previous: ({ hidden }, initial) => previousState(hidden, initial),
  forwardCall: (reads, writes, { activation }, isUsed) => simpleRnnForwardCall(reads, writes, activation, isUsed),
  backwardCall: ({ kept, ...reads }, writes, { activation }) =>
    simpleRnnBackwardCall({ hidden: kept, ...reads }, writes, activation),
};

/** The op of the sweep; its mask is a schedule (mask_schedule.ts). */
export const simpleRnnSweepOp = defineSweep(simpleRnnFamily);

export const simpleRnnReference: CellReference<SimpleRnnActivation> = {
  op: simpleRnnSweepOp,
  step: ({ x, inner, states, isMasked }, { activation }) => {
    const [[given], [u], [h]] = [dims(x, 1), dims(inner, 1), dims(states, 1)];
    return { states: [isMasked ? h : activate(activation, given + u)], saved: [] };
  },
  stepBack: ({ kept, dStates }, { activation }) => {
    const [[h], [dh]] = [dims(kept, 1), dims(dStates, 1)];
    const dX = [dh * slopeFromOutput(activation, h)];
    return { dX, dInner: dX, dStates: [0] };
  },
};

/** Optional parts of a sweep. */
export interface SimpleRnnSweepOptions extends Partial<SimpleRnnActivation> {
  /** h before the first step, `[1, B, H]`; zeros when absent. */
  readonly initial?: Value | undefined;
  /** bool `[B, T]`; where false, h passes unchanged. */
  readonly mask?: Value | undefined;
}

const SIMPLE = { ...ACTIVATION, ...SWEEP } satisfies TableOf<SimpleRnnSweepOptions>;

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
  expectValue("simpleRnnSweep", x, recurrent);
  const { activation, initial, mask } = readOptions("simpleRnnSweep(x, recurrent)", SIMPLE, options);
  const { hidden, last } = simpleRnnSweepOp(
    { x, recurrent, initial, mask: mask && maskSchedule(mask) },
    { activation },
  );
  return { hidden, last };
}
