/** The backward sweep of a simple recurrent layer: gradients of every pre-activation, from the last step of time to the first. */

import shader from "../../../shaders/recurrent/simple_rnn_backward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, writeBuffer } from "../../core/kernel_call.ts";
import { activationCode, type RecurrentActivation } from "./activations.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { hiddenRowBytes, PACKED, planSweep } from "./sweep_plan.ts";

const source = sweepShader(shader);

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

/**
 * Backpropagates through time. The gradients of the weights are matmuls and sums of `dX`, made elsewhere.
 * The call's `reads` are those given, in the order hidden, recurrent, dHidden, dLast, mask; its `writes` dX, dInitial.
 */
export function simpleRnnBackwardCall(
  { hidden, recurrent, dHidden, dLast, mask }: SimpleRnnBackwardReads,
  { dX, dInitial }: SimpleRnnBackwardWrites,
  activation: RecurrentActivation,
): KernelCall {
  const [batch, steps, size] = dX.shape as readonly [number, number, number];
  const { reads, bind } = optionalReads({ hidden, recurrent, dHidden, dLast, mask });
  return {
    kernel: "simple_rnn_backward",
    reads,
    writes: [dX, dInitial],
    plan: (adapter) =>
      planSweep(adapter, {
        kernel: "simple_rnn_backward",
        entryPoint: "simple_rnn_backward",
        source,
        batch,
        steps,
        packing: { hidden: size, gates: 1, order: "backward" },
        recurrent: bind("recurrent"),
        minUnits: { withSubgroups: 4, without: 2 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: [],
        runs: [
          {
            rows: batch,
            constants: {
              HAS_D_HIDDEN: dHidden === undefined ? 0 : 1,
              HAS_D_LAST: dLast === undefined ? 0 : 1,
              HAS_MASK: mask === undefined ? 0 : 1,
              ACTIVATION: activationCode(activation),
            },
            buffers: [
              bind("hidden"),
              PACKED,
              bind("dHidden"),
              bind("dLast"),
              bind("mask"),
              writeBuffer(0),
              writeBuffer(1),
            ],
          },
        ],
      }),
  };
}
