/**
 * The GRU sweep over time and its gradient (Cho et al. 2014), with the reset gate after the recurrent product as in
 * cuDNN.
 * u = h_{t-1}·U + b;  z, r = σ(x_z + u_z, x_r + u_r);  g = tanh(x_h + r·u_h);  h_t = z·h_{t-1} + (1 − z)·g.
 * The loop over time is inside one kernel: `x` holds the input's projection for all timesteps, made by one matmul.
 */
import { at } from "../../core/at.ts";
import { readOptions, type TableOf } from "../../core/option_table.ts";
import { dims } from "../../core/shape.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { GRU_CELL } from "../../kernels/recurrent/cells.ts";
import { slice } from "../data/movement.ts";
import { activate, slopeFromOutput } from "./activation_reference.ts";
import type { LstmActivations } from "./lstm.ts";
import { maskSchedule } from "./mask_schedule.ts";
import { definePaddedSweep } from "./padded_sweep.ts";
import { defineSweep, gatedFamily, withSaved } from "./sweep.ts";
import { BIAS, GATED, SWEEP } from "./sweep_options.ts";
import type { CellReference } from "./sweep_reference.ts";

/** The op of the sweep; its mask is a schedule (mask_schedule.ts). */
export const gruSweepOp = defineSweep(
  gatedFamily(GRU_CELL, {
    // Every timestep saved the h that it began with.
    previous: (outputs) => {
      const { hidden, saved } = withSaved(outputs);
      return slice(saved, [0, 0, 4 * at(hidden.shape, 2)], hidden.shape);
    },
  }),
  definePaddedSweep,
);

export const gruReference: CellReference<LstmActivations> = {
  op: gruSweepOp,
  step: ({ x, inner, states, isMasked }, { activation, recurrentActivation }) => {
    const [h] = dims(states, 1);
    const [xz, xr, xh] = dims(x, 3);
    const [uz, ur, uh] = dims(inner, 3);
    const z = activate(recurrentActivation, xz + uz);
    const r = activate(recurrentActivation, xr + ur);
    const g = activate(activation, xh + r * uh);
    return { states: [isMasked ? h : z * h + (1 - z) * g], saved: [z, r, g, uh, h] };
  },
  stepBack: ({ kept, dStates }, { activation, recurrentActivation }) => {
    const [z, r, g, uh, h] = dims(kept, 5);
    const [dh] = dims(dStates, 1);
    const dZ = dh * (h - g) * slopeFromOutput(recurrentActivation, z);
    const dG = dh * (1 - z) * slopeFromOutput(activation, g);
    const dR = dG * uh * slopeFromOutput(recurrentActivation, r);
    return { dX: [dZ, dR, dG], dInner: [dZ, dR, dG * r], dStates: [dh * z] };
  },
};

/** Optional parts of a sweep. */
export interface GruSweepOptions extends Partial<LstmActivations> {
  /** Added to h · U, `[3H]`; zeros when absent. */
  readonly bias?: Value | undefined;
  /** h before the first step, `[1, B, H]`; zeros when absent. */
  readonly initial?: Value | undefined;
  /** bool `[B, T]`; where false, h passes unchanged. */
  readonly mask?: Value | undefined;
}

const GRU = { ...GATED, ...SWEEP, ...BIAS } satisfies TableOf<GruSweepOptions>;

/** What a sweep gives. */
export interface GruSweep {
  /** h after every step, `[B, T, H]`. */
  readonly hidden: Value;
  /**
   * z, r, candidate, the candidate's recurrent product, and h before the step, `[B, T, 5H]`: for looking at; it has no
   * gradient.
   */
  readonly saved: Value;
  /** h after the last step, `[1, B, H]`. */
  readonly last: Value;
}

/**
 * Runs a GRU over all timesteps: x `[B, T, 3H]` (input · kernel + bias, gates in the order z, r, h), recurrent kernel
 * `[H, 3H]`. The reset gate comes after the recurrent product (Keras's `reset_after=True`).
 * @throws ShapeError naming the part that does not fit.
 */
export function gruSweep(x: Value, recurrent: Value, options: GruSweepOptions = {}): GruSweep {
  expectValue("gruSweep", x, recurrent);
  const given = readOptions("gruSweep(x, recurrent)", GRU, options);
  const { activation, recurrentActivation, bias, initial, mask } = given;
  const inputs = { x, recurrent, bias, initial, mask: mask && maskSchedule(mask) };
  return withSaved(gruSweepOp(inputs, { activation, recurrentActivation }));
}
