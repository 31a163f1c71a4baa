/**
 * The sweeps of a recurrent layer with gates. Forward: every timestep in one dispatch, or in a few where the watchdog
 * needs shorter ones. Backward: the gradients of every pre-activation, from the last timestep to the first.
 */
import { at } from "../../core/at.ts";
import type { KernelCall, Operand, Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "../elementwise/activations.ts";
import type { RecurrentCell } from "./cells.ts";
import { sharesPadding } from "./row_order.ts";
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
   * i32[3 B + B T], a mask with its schedule (row_order.ts): where it is 0, states stay as they are and `hidden`
   * repeats h.
   */
  readonly mask?: T | undefined;
  /**
   * i32[2, B], with ids i32[B + 1, T] and neither initial nor mask: rows share their padding, see row_order.ts.
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
 * WebGPU's default limits).
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

/** What a backward sweep over B rows and T steps reads, for a layer of G gates, S states and H units. */
export interface SweepBackwardReads {
  /** f32[B, T, 5H] of the forward sweep. */
  readonly saved: Operand;
  /** U: f32[H, G·H]. */
  readonly recurrent: Operand;
  /** f32[W, H], as in the forward sweep. */
  readonly unitWeights?: Operand | undefined;
  /** f32[B, T, H]: the gradient of every h; zeros when absent. */
  readonly dHidden?: Operand | undefined;
  /** f32[S, B, H]: the gradient of the last h, then of the last c; zeros when absent. */
  readonly dLast?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule, as in the forward sweep. */
  readonly mask?: Operand | undefined;
  /** f32[2, B, H], as in the forward sweep; only the first c is read. */
  readonly initial?: Operand | undefined;
  /**
   * i32[2, B], as in the forward sweep: `saved`, `dX` and `dInner` then have a row B, and hold each row from its start
   * on.
   */
  readonly schedule?: Operand | undefined;
}

/** What it writes. */
export interface SweepBackwardWrites {
  /** f32[B, T, G·H]: the gradient of x · W + b, 0 at masked steps. */
  readonly dX: Operand;
  /** f32[B, T, G·H]: the gradient of h · U + recurrent bias, 0 at masked steps; absent where the cell adds it to x. */
  readonly dInner?: Operand | undefined;
  /**
   * f32[S, B, H]: the gradient of the first h, then of the first c; with a schedule f32[S, B + 1, H], those of the
   * states that a row started from.
   */
  readonly dInitial?: Operand | undefined;
}

/**
 * Backpropagates through a layer's time. The gradients of its weights are matmuls and sums of `dX` and `dInner`, made
 * elsewhere.
 *
 * @example
 * const activations = { activation: "tanh", recurrentActivation: "sigmoid" };
 * sweepBackwardCall(LSTM_CELL, { saved, recurrent, dHidden }, { dX, dInitial }, activations);
 */
export function sweepBackwardCall(
  cell: RecurrentCell,
  { saved, recurrent, unitWeights, dHidden, dLast, mask, initial, schedule }: SweepBackwardReads,
  { dX, dInner, dInitial }: SweepBackwardWrites,
  activations: RecurrentActivations,
): KernelCall {
  const { gates, states } = cell;
  const kernel = `${cell.name}_backward`;
  const [rows, steps, columns] = dims(dX.shape, 3);
  const batch = schedule === undefined ? rows : rows - 1;
  const size = columns / gates;
  return {
    kernel,
    reads: { saved, recurrent, unitWeights, dHidden, dLast, mask, initial, schedule },
    writes: { dX, dInner, dInitial },
    plan: (adapter) => {
      // Gradients of states where they are no output.
      const ownInitial: Scratch = { bytes: states * rows * size * 4 };
      const buffers = {
        saved,
        d_hidden: dHidden,
        d_last: dLast,
        mask,
        schedule,
        initial,
        d_x: dX,
        d_u: dInner,
        d_initial: dInitial ?? ownInitial,
      };
      const isSharing = schedule !== undefined && sharesPadding(adapter, batch);
      // See PADDING in the shader.
      const others: SweepRun = {
        rows: batch,
        constants: { PADDING: isSharing ? 1 : 0 },
        buffers: isSharing ? buffers : { ...buffers, schedule: undefined },
      };
      const padding: SweepRun = { label: `${kernel} of padding`, rows: 1, constants: { PADDING: 2 }, buffers };
      return planSweep(adapter, {
        kernel,
        shader: cell.backward.constants({ GATES: gates, STATES: states, ...activationConstants(activations) }),
        entryPoint: "sweep_backward",
        batch,
        steps,
        packing: { hidden: size, gates, order: "backward" },
        weights: { recurrent, unitWeights },
        ...(cell.minRowsBackward && { minRows: cell.minRowsBackward(adapter) }),
        minUnits: { withSubgroups: 2, without: 4 },
        bytesPerRow: (threads) => threads * gates * 4,
        runs: isSharing ? [others, padding] : [others],
      });
    },
  };
}
