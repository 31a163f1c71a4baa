/** The forward sweep of an LSTM: every step of time in one dispatch, or in a few where the watchdog wants shorter ones. */

import shader from "../../shaders/lstm_forward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, u32, writeBuffer } from "../core/kernel_call.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { hiddenRowBytes, ownScratch, PACKED, planSweep, type SweepRun, UNUSED_BYTES } from "./sweep_plan.ts";

const source = sweepShader(shader);

/** Tensors that the sweep reads. */
export interface LstmForwardReads {
  /** x · W + b as f32[B, T, 4H], gates in the order i, f, c, o; with `ids` a table f32[V, 4H] of such rows. */
  readonly x: Operand;
  /** i32[B, T]: row (b, t) is then `x[ids[b, t]]`; clamped into the table. */
  readonly ids?: Operand | undefined;
  /** U: f32[H, 4H]. */
  readonly recurrent: Operand;
  /** f32[2, B, H]: the first h, then the first c; zeros when absent. */
  readonly initial?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule (kernels/mask_schedule.ts): where it is 0, h and c stay as they are and `hidden` repeats h. */
  readonly mask?: Operand | undefined;
  /**
   * i32[2, B], with ids i32[B + 1, T] and neither initial nor mask: rows share their padding, see kernels/padding.ts.
   * `hidden` and `saved` then have a row B, the padding's own, and hold each row from its start on.
   */
  readonly schedule?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface LstmForwardWrites {
  /** f32[B, T, H]: every h. */
  readonly hidden: Operand;
  /** f32[B, T, 5H]: i, f, candidate, o (activated), then c: what the backward sweep needs. */
  readonly saved: Operand;
  /** f32[2, B, H]: the last h, then the last c. */
  readonly last: Operand;
}

/** Of the plan's own scratch buffers: two for outputs that nobody reads, then h and c of the padding at each step. */
const PADDING_STATES = 2;

/**
 * Runs an LSTM over time. The call's `reads` are those given, in the order x, ids, recurrent, initial, mask, schedule; its `writes` are
 * hidden and saved, each only if used, then last.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at WebGPU's default limits).
 * @example
 * lstmForwardCall({ x, recurrent }, { hidden, saved, last }, { activation: "tanh", recurrentActivation: "sigmoid" },
 *   { hidden: true, saved: false });
 */
export function lstmForwardCall(
  { x, ids, recurrent, initial, mask, schedule }: LstmForwardReads,
  { hidden, saved, last }: LstmForwardWrites,
  activations: RecurrentActivations,
  isUsed: { readonly hidden: boolean; readonly saved: boolean },
): KernelCall {
  const [, steps, size] = hidden.shape as readonly [number, number, number];
  const batch = last.shape[1] as number;
  const { reads, bind } = optionalReads({ x, ids, recurrent, initial, mask, schedule });
  const writes = [...(isUsed.hidden ? [hidden] : []), ...(isUsed.saved ? [saved] : []), last];
  const output = (operand: Operand, unused: number) => {
    const index = writes.indexOf(operand);
    return index < 0 ? ownScratch(unused) : writeBuffer(index);
  };
  return {
    kernel: "lstm_forward",
    reads,
    writes,
    plan: (adapter) => {
      const sharing = schedule !== undefined && sharesPadding(adapter, batch);
      /** One kind of rows: see PADDING in the shader. */
      const run = (padding: 0 | 1 | 2): SweepRun => ({
        label: padding === 2 ? "lstm_forward of padding" : "lstm_forward",
        rows: padding === 2 ? 1 : batch,
        constants: {
          GATHERED: ids === undefined ? 0 : 1,
          PADDING: padding,
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
          padding === 1 ? ownScratch(PADDING_STATES, "read") : bind("initial"),
          padding === 0 ? bind("mask") : bind("schedule"),
          output(hidden, 0),
          output(saved, 1),
          padding === 2 ? ownScratch(PADDING_STATES) : output(last, 0),
        ],
      });
      const isWide = size > 2 * adapter.limits.maxComputeInvocationsPerWorkgroup;
      return planSweep(adapter, {
        kernel: "lstm_forward",
        source,
        batch,
        steps,
        packing: { hidden: size, gates: 4, order: "forward" },
        recurrent: bind("recurrent"),
        maxRows: isWide ? 8 : 16,
        // Without subgroups two units per thread halve lavapipe's reads of h. More sums than these only spill.
        minUnits: { withSubgroups: 1, without: adapter.kind === "lavapipe" && size > 8 ? 2 : 1 },
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: [u32(x.shape[0] as number)],
        runs: sharing ? [run(2), run(1)] : [run(0)],
        scratch: [UNUSED_BYTES, UNUSED_BYTES, ...(sharing ? [steps * 2 * size * 4] : [])],
      });
    },
  };
}
