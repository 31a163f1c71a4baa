/** The forward sweep of a simple recurrent layer: every step of time in one dispatch, or a few. */

import source from "../../../shaders/recurrent/simple_rnn_forward.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationCode, type KernelActivation } from "../elementwise/activations.ts";
import { hiddenRowBytes, planSweep, sweepShader } from "./sweep_plan.ts";

const shader = sweepShader({ simple_rnn_forward: source });

/** Tensors that the sweep reads. */
export interface SimpleRnnForwardReads {
  /** x · W + b as f32[B, T, H]; with `ids` a table f32[V, H] of such rows. */
  readonly x: Operand;
  /** i32[B, T]: row (b, t) is then `x[ids[b, t]]`; clamped into the table. */
  readonly ids?: Operand | undefined;
  /** U: f32[H, H]. */
  readonly recurrent: Operand;
  /** f32[1, B, H]: the first h; zeros when absent. */
  readonly initial?: Operand | undefined;
  /**
   * i32[3 B + B T], a mask with its schedule (row_order.ts): where it is 0, h stays as it is and `hidden` repeats
   * it.
   */
  readonly mask?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface SimpleRnnForwardWrites {
  /** f32[B, T, H]: every h; also what the backward sweep needs. */
  readonly hidden: Operand;
  /** f32[1, B, H]: the last h. */
  readonly last: Operand;
}

/**
 * Runs a simple recurrent layer over time. Of the call's `writes`, hidden is there only if used.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at
 * WebGPU's
 *   default limits).
 */
export function simpleRnnForwardCall(
  { x, ids, recurrent, initial, mask }: SimpleRnnForwardReads,
  { hidden, last }: SimpleRnnForwardWrites,
  activation: KernelActivation,
  isUsed: { readonly hidden: boolean },
): KernelCall {
  const [batch, steps, size] = dims(hidden.shape, 3);
  const written = isUsed.hidden ? hidden : undefined;
  return {
    kernel: "simple_rnn_forward",
    reads: { x, ids, recurrent, initial, mask },
    writes: { hidden: written, last },
    plan: (adapter) =>
      planSweep(adapter, {
        kernel: "simple_rnn_forward",
        shader: shader.constants({ ACTIVATION: activationCode(activation) }),
        entryPoint: "simple_rnn_forward",
        batch,
        steps,
        packing: { hidden: size, gates: 1, order: "forward" },
        weights: { recurrent },
        minUnits: { withSubgroups: 4, without: 2 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: { table_rows: at(x.shape, 0) },
        runs: [{ rows: batch, buffers: { x, ids, initial, mask, schedule: undefined, hidden: written, last } }],
      }),
  };
}
