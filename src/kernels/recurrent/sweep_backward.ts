/**
 * The backward sweep of a recurrent layer with gates: gradients of every pre-activation, from the last step to the
 * first.
 */
import type { KernelCall, Operand, Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import type { RecurrentCell } from "./sweep_cell.ts";
import { planSweep, type SweepRun } from "./sweep_plan.ts";

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
