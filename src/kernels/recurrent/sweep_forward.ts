/**
 * The forward sweep of a recurrent layer with gates: every timestep in one dispatch, or in a few where the watchdog
 * wants shorter ones.
 */
import { at } from "../../core/at.ts";
import type { KernelCall, Operand, Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import type { RecurrentCell } from "./sweep_cell.ts";
import { hiddenRowBytes, planSweep, type SweepRun } from "./sweep_plan.ts";

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
  /** f32[W, H], W at most 4: weights that each unit has of its own, for cells that read them. */
  readonly unitWeights?: T | undefined;
  /** f32[S, B, H]: the first h, then the first c; zeros when absent. */
  readonly initial?: T | undefined;
  /**
   * i32[3 B + B T], a mask with its schedule (mask_schedule.ts): where it is 0, states stay as they are and `hidden`
   * repeats h.
   */
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
  /** f32[B, T, 5H]: what the backward sweep needs (`saved` of its cell); absent where `hidden` is enough. */
  readonly saved?: T | undefined;
  /** f32[S, B, H]: the last h, then the last c. */
  readonly last: T;
}

/** Which outputs somebody reads. */
export interface SweepUse {
  readonly hidden: boolean;
  readonly saved: boolean;
}

/**
 * Runs a layer of such cells over time. Of the call's `writes`, hidden and saved are there only if used.
 *
 * @throws DeviceError from `plan`, when four rows of h do not fit into workgroup memory (more than 1024 units at
 * WebGPU's
 *   default limits).
 * @example
 * const activations = { activation: "tanh", recurrentActivation: "sigmoid" };
 * sweepForwardCall(LSTM_CELL, { x, recurrent }, { hidden, saved, last }, activations, { hidden: true, saved: false });
 */
export function sweepForwardCall(
  cell: RecurrentCell,
  { x, ids, recurrent, bias, unitWeights, initial, mask, schedule }: SweepReads,
  writes: SweepWrites,
  activations: RecurrentActivations,
  isUsed: SweepUse,
): KernelCall {
  const { gates, states } = cell;
  const kernel = `${cell.name}_forward`;
  const [, steps, size] = dims(writes.hidden.shape, 3);
  const [, batch] = dims(writes.last.shape, 3);
  const { last } = writes;
  const hidden = isUsed.hidden ? writes.hidden : undefined;
  const saved = isUsed.saved ? writes.saved : undefined;
  return {
    kernel,
    reads: { x, ids, recurrent, bias, unitWeights, initial, mask, schedule },
    writes: { hidden, saved, last },
    plan: (adapter) => {
      const paddingStates: Scratch = { bytes: steps * states * size * 4 };
      const buffers = { x, ids, initial, padding_states: undefined, mask, schedule, hidden, saved, last };
      const constants = {
        GATES: gates,
        STATES: states,
        HAS_BIAS: bias === undefined ? 0 : 1,
        ...activationConstants(activations),
      };
      const isSharing = schedule !== undefined && sharesPadding(adapter, batch);
      // See PADDING in the shader.
      const padding: SweepRun = {
        label: `${kernel} of padding`,
        rows: 1,
        constants: { ...constants, PADDING: 2 },
        buffers: { ...buffers, last: paddingStates },
      };
      const others: SweepRun = {
        rows: batch,
        constants: { ...constants, PADDING: isSharing ? 1 : 0 },
        buffers: isSharing ? { ...buffers, padding_states: paddingStates } : { ...buffers, schedule: undefined },
      };
      return planSweep(adapter, {
        kernel,
        shader: cell.forward,
        entryPoint: "sweep_forward",
        batch,
        steps,
        packing: { hidden: size, gates, order: "forward" },
        weights: { recurrent, bias, unitWeights },
        ...(cell.maxRows && { maxRows: cell.maxRows(adapter, size) }),
        minUnits: cell.minUnits(adapter, size),
        bytesPerRow: () => hiddenRowBytes(adapter, size),
        params: { table_rows: at(x.shape, 0) },
        runs: isSharing ? [padding, others] : [others],
      });
    },
  };
}
