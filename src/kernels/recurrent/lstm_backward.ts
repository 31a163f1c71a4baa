/** The backward sweep of an LSTM: gradients of every pre-activation, from the last step of time to the first. */

import source from "../../../shaders/recurrent/lstm_backward.wgsl?raw" with { type: "text" };
import type { KernelCall, Operand, Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import { planSweep, type SweepRun, sweepShader } from "./sweep_plan.ts";

const shader = sweepShader(source);

/** Tensors that the sweep reads. */
export interface LstmBackwardReads {
  /** f32[B, T, 5H] of the forward sweep: i, f, candidate, o, c. */
  readonly saved: Operand;
  /** U: f32[H, 4H]. */
  readonly recurrent: Operand;
  /** f32[B, T, H]: the gradient of every h; zeros when absent. */
  readonly dHidden?: Operand | undefined;
  /** f32[2, B, H]: the gradient of the last h, then of the last c; zeros when absent. */
  readonly dLast?: Operand | undefined;
  /** i32[3 B + B T], a mask with its schedule, as in the forward sweep. */
  readonly mask?: Operand | undefined;
  /** f32[2, B, H], as in the forward sweep. */
  readonly initial?: Operand | undefined;
  /**
   * i32[2, B], as in the forward sweep: `saved` and `dX` then have a row B, and dX holds each row from its start on.
   */
  readonly schedule?: Operand | undefined;
}

/** Tensors that the sweep writes. */
export interface LstmBackwardWrites {
  /** f32[B, T, 4H]: the gradient of x · W + b, 0 at masked steps. */
  readonly dX: Operand;
  /** f32[2, B, H]: the gradient of the first h, then of the first c; absent with a schedule. */
  readonly dInitial?: Operand | undefined;
}

/**
 * Backpropagates through an LSTM's time. The gradients of its weights are matmuls and sums of `dX`, made elsewhere.
 *
 * @example
 * const activations = { activation: "tanh", recurrentActivation: "sigmoid" };
 * lstmBackwardCall({ saved, recurrent, dHidden }, { dX, dInitial }, activations);
 */
export function lstmBackwardCall(
  { saved, recurrent, dHidden, dLast, mask, initial, schedule }: LstmBackwardReads,
  { dX, dInitial }: LstmBackwardWrites,
  activations: RecurrentActivations,
): KernelCall {
  const [rows, steps, columns] = dims(dX.shape, 3);
  const batch = schedule === undefined ? rows : rows - 1;
  const size = columns / 4;
  return {
    kernel: "lstm_backward",
    reads: { saved, recurrent, dHidden, dLast, mask, initial, schedule },
    writes: { dX, dInitial },
    plan: (adapter) => {
      // Gradients of states where they are no output.
      const ownInitial: Scratch = { bytes: 2 * rows * size * 4 };
      const buffers = {
        saved,
        d_hidden: dHidden,
        d_last: dLast,
        mask,
        schedule,
        initial,
        d_x: dX,
        d_initial: dInitial ?? ownInitial,
      };
      const isSharing = schedule !== undefined && sharesPadding(adapter, batch);
      // See PADDING in the shader.
      const others: SweepRun = {
        rows: batch,
        constants: { PADDING: isSharing ? 1 : 0 },
        buffers: isSharing ? buffers : { ...buffers, schedule: undefined },
      };
      const padding: SweepRun = {
        label: "lstm_backward of padding",
        rows: 1,
        constants: { PADDING: 2 },
        buffers,
      };
      return planSweep(adapter, {
        kernel: "lstm_backward",
        shader: shader.constants(activationConstants(activations)),
        entryPoint: "lstm_backward",
        batch,
        steps,
        packing: { hidden: size, gates: 4, order: "backward" },
        recurrent,
        // With fewer, Mesa 25.0's compiler ends the process ("Cannot emit physreg copy instruction") for many sizes,
        // 100 among them.
        minRows: adapter.kind === "lavapipe" && adapter.subgroupSize === 0 ? 16 : 4,
        minUnits: { withSubgroups: 2, without: 4 },
        bytesPerRow: (threads) => threads * 4 * 4,
        runs: isSharing ? [others, padding] : [others],
      });
    },
  };
}
