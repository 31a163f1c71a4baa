/** The forward sweep of a simple recurrent layer: every step of time in one dispatch, or a few. */

import shader from "../../../shaders/recurrent/simple_rnn_forward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, u32, writeBuffer } from "../../core/kernel_call.ts";
import { activationCode, type RecurrentActivation } from "./activations.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { hiddenRowBytes, ownScratch, PACKED, planSweep, UNUSED_BYTES } from "./sweep_plan.ts";

const source = sweepShader(shader);

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
  /** i32[3 B + B T], a mask with its schedule (mask_schedule.ts): where it is 0, h stays as it is and `hidden` repeats it. */
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
 * Runs a simple recurrent layer over time. The call's `reads` are those given, in the order x, ids, recurrent, initial,
 * mask; its `writes` are hidden, if used, then last.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at WebGPU's default limits).
 */
export function simpleRnnForwardCall(
  { x, ids, recurrent, initial, mask }: SimpleRnnForwardReads,
  { hidden, last }: SimpleRnnForwardWrites,
  activation: RecurrentActivation,
  isUsed: { readonly hidden: boolean },
): KernelCall {
  const [batch, steps, size] = hidden.shape as readonly [number, number, number];
  const { reads, bind } = optionalReads({ x, ids, recurrent, initial, mask });
  const writes = [...(isUsed.hidden ? [hidden] : []), last];
  return {
    kernel: "simple_rnn_forward",
    reads,
    writes,
    plan: (adapter) => {
      return planSweep(adapter, {
        kernel: "simple_rnn_forward",
        entryPoint: "simple_rnn_forward",
        source,
        batch,
        steps,
        packing: { hidden: size, gates: 1, order: "forward" },
        recurrent: bind("recurrent"),
        minUnits: { withSubgroups: 4, without: 2 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: [u32(x.shape[0] as number)],
        runs: [
          {
            rows: batch,
            constants: {
              GATHERED: ids === undefined ? 0 : 1,
              HAS_INITIAL: initial === undefined ? 0 : 1,
              HAS_MASK: mask === undefined ? 0 : 1,
              WRITE_HIDDEN: isUsed.hidden ? 1 : 0,
              ACTIVATION: activationCode(activation),
            },
            buffers: [
              bind("x"),
              bind("ids"),
              PACKED,
              bind("initial"),
              bind("mask"),
              isUsed.hidden ? writeBuffer(0) : ownScratch(0),
              writeBuffer(writes.indexOf(last)),
            ],
          },
        ],
        scratch: [UNUSED_BYTES],
      });
    },
  };
}
