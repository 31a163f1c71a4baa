/** The backward sweep of a GRU: gradients of every pre-activation, from the last step of time to the first. */

import source from "../../../shaders/recurrent/gru_backward.wgsl?raw" with { type: "text" };
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { planSweep, sweepShader } from "./sweep_plan.ts";

const shader = sweepShader(source);

/** Tensors that the sweep reads. */
export interface GruBackwardReads {
  /** f32[B, T, 5H] of the forward sweep: z, r, candidate, its recurrent product, h before the step. */
  readonly saved: Operand;
  /** U: f32[H, 3H]. */
  readonly recurrent: Operand;
  /** f32[B, T, H]: the gradient of every h; zeros when absent. */
  readonly dHidden?: Operand | undefined;
  /** f32[1, B, H]: the gradient of the last h; zeros when absent. */
  readonly dLast?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule, as in the forward sweep. */
  readonly mask?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface GruBackwardWrites {
  /** f32[B, T, 3H]: the gradient of x · W + b, 0 at masked steps. */
  readonly dX: Operand;
  /** f32[B, T, 3H]: the gradient of h · U + recurrent bias, 0 at masked steps. */
  readonly dRecurrent: Operand;
  /** f32[1, B, H]: the gradient of the first h. */
  readonly dInitial: Operand;
}

/**
 * Backpropagates through a GRU's time. The gradients of its weights are matmuls and sums of `dX` and `dRecurrent`, made
 * elsewhere.
 */
export function gruBackwardCall(
  { saved, recurrent, dHidden, dLast, mask }: GruBackwardReads,
  { dX, dRecurrent, dInitial }: GruBackwardWrites,
  activations: RecurrentActivations,
): KernelCall {
  const [batch, steps, columns] = dims(dX.shape, 3);
  const buffers = {
    saved,
    d_hidden: dHidden,
    d_last: dLast,
    mask,
    schedule: undefined,
    d_x: dX,
    d_u: dRecurrent,
    d_initial: dInitial,
  };
  return {
    kernel: "gru_backward",
    reads: { saved, recurrent, dHidden, dLast, mask },
    writes: { dX, dRecurrent, dInitial },
    plan: (adapter) =>
      planSweep(adapter, {
        kernel: "gru_backward",
        shader: shader.constants(activationConstants(activations)),
        entryPoint: "gru_backward",
        batch,
        steps,
        packing: { hidden: columns / 3, gates: 3, order: "backward" },
        recurrent,
        minUnits: { withSubgroups: 2, without: 4 },
        bytesPerRow: (threads) => threads * 3 * 4,
        runs: [{ rows: batch, buffers }],
      }),
  };
}
