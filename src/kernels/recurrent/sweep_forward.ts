/** The forward sweep of a recurrent layer with gates: every step of time in one dispatch, or in a few where the watchdog wants shorter ones. */

import shader from "../../../shaders/recurrent/sweep_forward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, u32, writeBuffer } from "../../core/kernel_call.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import type { RecurrentCell } from "./recurrent_cells.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { hiddenRowBytes, ownScratch, PACKED, planSweep, type SweepRun, UNUSED_BYTES } from "./sweep_plan.ts";

/** What a sweep over B rows and T steps reads, for a layer of G gates, S states and H units. */
export interface SweepReads<T = Operand> {
  /** x · W + b as f32[B, T, G·H]; with `ids` a table f32[V, G·H] of such rows. */
  readonly x: T;
  /** i32[B, T]: row (b, t) is then `x[ids[b, t]]`; clamped into the table. */
  readonly ids?: T | undefined;
  /** U: f32[H, G·H]. */
  readonly recurrent: T;
  /** f32[G·H]: is added to h · U. */
  readonly bias?: T | undefined;
  /** f32[S, B, H]: the first h, then the first c; zeros when absent. */
  readonly initial?: T | undefined;
  /** i32[3 B + B T], a mask with its schedule (mask_schedule.ts): where it is 0, states stay as they are and `hidden` repeats h. */
  readonly mask?: T | undefined;
  /**
   * i32[2, B], with ids i32[B + 1, T] and neither initial nor mask: rows share their padding, see padding.ts.
   * `hidden` and `saved` then have a row B, the padding's own, and hold each row from its start on.
   */
  readonly schedule?: T | undefined;
}

/** What it writes. */
export interface SweepWrites<T = Operand> {
  /** f32[B, T, H]: every h. */
  readonly hidden: T;
  /** f32[B, T, 5H]: what the backward sweep needs (recurrent_cells.ts); absent where `hidden` is enough. */
  readonly saved?: T | undefined;
  /** f32[S, B, H]: the last h, then the last c. */
  readonly last: T;
}

/** Which outputs somebody reads. */
export interface SweepUse {
  readonly hidden: boolean;
  readonly saved: boolean;
}

/** Of the plan's own scratch buffers: two for outputs that nobody reads, then the padding's states at each step. */
const PADDING_STATES = 2;

/**
 * Runs a layer of such cells over time. The call's `reads` are those given, in the order x, ids, recurrent, bias, initial, mask,
 * schedule; its `writes` are hidden and saved, each only if used, then last.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at WebGPU's default limits).
 * @example
 * sweepForwardCall(LSTM_CELL, { x, recurrent }, { hidden, saved, last }, { activation: "tanh", recurrentActivation: "sigmoid" },
 *   { hidden: true, saved: false });
 */
export function sweepForwardCall(
  cell: RecurrentCell,
  { x, ids, recurrent, bias, initial, mask, schedule }: SweepReads,
  { hidden, saved, last }: SweepWrites,
  activations: RecurrentActivations,
  isUsed: SweepUse,
): KernelCall {
  const { gates, states } = cell;
  const kernel = `${cell.name}_forward`;
  const [, steps, size] = hidden.shape as readonly [number, number, number];
  const batch = last.shape[1] as number;
  const { reads, bind } = optionalReads({ x, ids, recurrent, bias, initial, mask, schedule });
  const used = { hidden: isUsed.hidden ? hidden : undefined, saved: isUsed.saved ? saved : undefined };
  const writes = [used.hidden, used.saved, last].filter((operand) => operand !== undefined);
  const output = (operand: Operand | undefined, unused: number) =>
    operand === undefined ? ownScratch(unused) : writeBuffer(writes.indexOf(operand));
  return {
    kernel,
    reads,
    writes,
    plan: (adapter) => {
      const sharing = schedule !== undefined && sharesPadding(adapter, batch);
      /** One kind of rows: see PADDING in the shader. */
      const run = (padding: 0 | 1 | 2): SweepRun => ({
        label: padding === 2 ? `${kernel} of padding` : kernel,
        rows: padding === 2 ? 1 : batch,
        constants: {
          GATES: gates,
          STATES: states,
          GATHERED: ids === undefined ? 0 : 1,
          PADDING: padding,
          HAS_BIAS: bias === undefined ? 0 : 1,
          HAS_INITIAL: initial === undefined ? 0 : 1,
          HAS_MASK: mask === undefined ? 0 : 1,
          WRITE_HIDDEN: used.hidden === undefined ? 0 : 1,
          WRITE_SAVED: used.saved === undefined ? 0 : 1,
          ...activationConstants(activations),
        },
        buffers: [
          bind("x"),
          bind("ids"),
          PACKED,
          padding === 1 ? ownScratch(PADDING_STATES, "read") : bind("initial"),
          padding === 0 ? bind("mask") : bind("schedule"),
          output(used.hidden, 0),
          output(used.saved, 1),
          padding === 2 ? ownScratch(PADDING_STATES) : output(last, 0),
        ],
      });
      return planSweep(adapter, {
        kernel,
        entryPoint: "sweep_forward",
        source: sweepShader(shader, cell.step),
        batch,
        steps,
        packing: { hidden: size, gates, order: "forward", hasBias: bias !== undefined },
        recurrent: bind("recurrent"),
        bias: bind("bias"),
        ...(cell.maxRows && { maxRows: cell.maxRows(adapter, size) }),
        minUnits: cell.minUnits(adapter, size),
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: [u32(x.shape[0] as number)],
        runs: sharing ? [run(2), run(1)] : [run(0)],
        scratch: [UNUSED_BYTES, UNUSED_BYTES, ...(sharing ? [steps * states * size * 4] : [])],
      });
    },
  };
}
