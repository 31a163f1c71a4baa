/**
 * The backward sweep of a simple recurrent layer: gradients of every pre-activation, from the last step of time to the
 * first.
 */

import source from "../../../shaders/recurrent/simple_rnn_backward.wgsl?raw" with { type: "text" };
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationCode, type KernelActivation } from "../elementwise/activations.ts";
import { hiddenRowBytes, planSweep, sweepShader } from "./sweep_plan.ts";

const shader = sweepShader({ simple_rnn_backward: source });

/** Tensors that the sweep reads. */
export interface SimpleRnnBackwardReads {
  /** f32[B, T, H] of the forward sweep. */
  readonly hidden: Operand;
  /** U: f32[H, H]. */
  readonly recurrent: Operand;
  /** f32[B, T, H]: the gradient of every h; zeros when absent. */
  readonly dHidden?: Operand | undefined;
  /** f32[1, B, H]: the gradient of the last h; zeros when absent. */
  readonly dLast?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule, as in the forward sweep. */
  readonly mask?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface SimpleRnnBackwardWrites {
  /** f32[B, T, H]: the gradient of x · W + b, 0 at masked steps. */
  readonly dX: Operand;
  /** f32[1, B, H]: the gradient of the first h. */
  readonly dInitial: Operand;
}

/** Backpropagates through time. The gradients of the weights are matmuls and sums of `dX`, made elsewhere. */
export function simpleRnnBackwardCall(
  { hidden, recurrent, dHidden, dLast, mask }: SimpleRnnBackwardReads,
  { dX, dInitial }: SimpleRnnBackwardWrites,
  activation: KernelActivation,
): KernelCall {
  const [batch, steps, size] = dims(dX.shape, 3);
  const buffers = {
    hidden,
    d_hidden: dHidden,
    d_last: dLast,
    mask,
    schedule: undefined,
    d_x: dX,
    d_initial: dInitial,
  };
  return {
    kernel: "simple_rnn_backward",
    reads: { hidden, recurrent, dHidden, dLast, mask },
    writes: { dX, dInitial },
    plan: (adapter) =>
      planSweep(adapter, {
        kernel: "simple_rnn_backward",
        shader: shader.constants({ ACTIVATION: activationCode(activation) }),
        entryPoint: "simple_rnn_backward",
        batch,
        steps,
        packing: { hidden: size, gates: 1, order: "backward" },
        weights: { recurrent },
        minUnits: { withSubgroups: 4, without: 2 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        runs: [{ rows: batch, buffers }],
      }),
  };
}
