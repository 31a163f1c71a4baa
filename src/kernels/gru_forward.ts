/** The forward sweep of a GRU whose reset gate comes after the recurrent product: every step of time in one dispatch, or a few. */

import shader from "../../shaders/gru_forward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, u32, writeBuffer } from "../core/kernel_call.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { hiddenRowBytes, ownScratch, PACKED, planSweep, UNUSED_BYTES } from "./sweep_plan.ts";

const source = sweepShader(shader);

/** Tensors that the sweep reads. */
export interface GruForwardReads {
  /** x · W + b as f32[B, T, 3H], gates in the order z, r, h; with `ids` a table f32[V, 3H] of such rows. */
  readonly x: Operand;
  /** i32[B, T]: row (b, t) is then `x[ids[b, t]]`; clamped into the table. */
  readonly ids?: Operand | undefined;
  /** U: f32[H, 3H]. */
  readonly recurrent: Operand;
  /** f32[3H]: is added to h · U. */
  readonly bias?: Operand | undefined;
  /** f32[1, B, H]: the first h; zeros when absent. */
  readonly initial?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule (mask_schedule.ts): where it is 0, h stays as it is and `hidden` repeats it. */
  readonly mask?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface GruForwardWrites {
  /** f32[B, T, H]: every h. */
  readonly hidden: Operand;
  /** f32[B, T, 5H]: z, r, candidate (activated), the candidate's recurrent product, and h before the step. */
  readonly saved: Operand;
  /** f32[1, B, H]: the last h. */
  readonly last: Operand;
}

/**
 * Runs a GRU over time. The call's `reads` are those given, in the order x, ids, recurrent, bias, initial, mask; its
 * `writes` are hidden and saved, each only if used, then last.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at WebGPU's default limits).
 */
export function gruForwardCall(
  { x, ids, recurrent, bias, initial, mask }: GruForwardReads,
  { hidden, saved, last }: GruForwardWrites,
  activations: RecurrentActivations,
  isUsed: { readonly hidden: boolean; readonly saved: boolean },
): KernelCall {
  const [batch, steps, size] = hidden.shape as readonly [number, number, number];
  const { reads, bind } = optionalReads({ x, ids, recurrent, bias, initial, mask });
  const writes = [...(isUsed.hidden ? [hidden] : []), ...(isUsed.saved ? [saved] : []), last];
  const output = (operand: Operand, unused: number) => {
    const index = writes.indexOf(operand);
    return index < 0 ? ownScratch(unused) : writeBuffer(index);
  };
  return {
    kernel: "gru_forward",
    reads,
    writes,
    plan: (adapter) => {
      return planSweep(adapter, {
        kernel: "gru_forward",
        source,
        batch,
        steps,
        packing: { hidden: size, gates: 3, order: "forward", hasBias: bias !== undefined },
        recurrent: bind("recurrent"),
        bias: bind("bias"),
        minUnits: { withSubgroups: 1, without: 2 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: [u32(x.shape[0] as number)],
        runs: [
          {
            rows: batch,
            constants: {
              GATHERED: ids === undefined ? 0 : 1,
              HAS_BIAS: bias === undefined ? 0 : 1,
              HAS_INITIAL: initial === undefined ? 0 : 1,
              HAS_MASK: mask === undefined ? 0 : 1,
              WRITE_HIDDEN: isUsed.hidden ? 1 : 0,
              WRITE_SAVED: isUsed.saved ? 1 : 0,
              ...activationConstants(activations),
            },
            buffers: [
              bind("x"),
              bind("ids"),
              PACKED,
              bind("initial"),
              bind("mask"),
              output(hidden, 0),
              output(saved, 1),
              output(last, 0),
            ],
          },
        ],
        scratch: [UNUSED_BYTES, UNUSED_BYTES],
      });
    },
  };
}
