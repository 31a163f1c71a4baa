/** The backward sweep of an LSTM: gradients of every pre-activation, from the last step of time to the first. */

import shader from "../../../shaders/recurrent/lstm_backward.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, writeBuffer } from "../../core/kernel_call.ts";
import { activationConstants, type RecurrentActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import { optionalReads, sweepShader } from "./sweep.ts";
import { ownScratch, PACKED, planSweep, type SweepRun } from "./sweep_plan.ts";

const source = sweepShader(shader);

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
  /** i32[2, B], as in the forward sweep: `saved` and `dX` then have a row B, and dX holds each row from its start on. */
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
 * The call's `reads` are those given, in the order saved, recurrent, dHidden, dLast, mask, initial, schedule; its `writes` dX, dInitial.
 *
 * @example
 * lstmBackwardCall({ saved, recurrent, dHidden }, { dX, dInitial }, { activation: "tanh", recurrentActivation: "sigmoid" });
 */
export function lstmBackwardCall(
  { saved, recurrent, dHidden, dLast, mask, initial, schedule }: LstmBackwardReads,
  { dX, dInitial }: LstmBackwardWrites,
  activations: RecurrentActivations,
): KernelCall {
  const [rows, steps, columns] = dX.shape as readonly [number, number, number];
  const batch = schedule === undefined ? rows : rows - 1;
  const size = columns / 4;
  const { reads, bind } = optionalReads({ saved, recurrent, dHidden, dLast, mask, initial, schedule });
  return {
    kernel: "lstm_backward",
    reads,
    writes: dInitial === undefined ? [dX] : [dX, dInitial],
    plan: (adapter) => {
      const sharing = schedule !== undefined && sharesPadding(adapter, batch);
      /** One kind of rows: see PADDING in the shader. */
      const run = (padding: 0 | 1 | 2): SweepRun => ({
        label: padding === 2 ? "lstm_backward of padding" : "lstm_backward",
        rows: padding === 2 ? 1 : batch,
        constants: {
          PADDING: padding,
          HAS_D_HIDDEN: dHidden === undefined ? 0 : 1,
          HAS_D_LAST: dLast === undefined ? 0 : 1,
          HAS_MASK: mask === undefined ? 0 : 1,
          HAS_INITIAL: initial === undefined ? 0 : 1,
          ...activationConstants(activations),
        },
        buffers: [
          bind("saved"),
          PACKED,
          bind("dHidden"),
          bind("dLast"),
          padding === 0 ? bind("mask") : bind("schedule"),
          bind("initial"),
          writeBuffer(0),
          dInitial === undefined ? ownScratch(0) : writeBuffer(1),
        ],
      });
      return planSweep(adapter, {
        kernel: "lstm_backward",
        entryPoint: "lstm_backward",
        source,
        batch,
        steps,
        packing: { hidden: size, gates: 4, order: "backward" },
        recurrent: bind("recurrent"),
        // With fewer, Mesa 25.0's compiler ends the process ("Cannot emit physreg copy instruction") for many sizes, 100 among them.
        minRows: adapter.kind === "lavapipe" && adapter.subgroupSize === 0 ? 16 : 4,
        minUnits: { withSubgroups: 2, without: 4 },
        bytesPerRow: (threads) => threads * 4 * 4,
        params: [],
        runs: sharing ? [run(1), run(2)] : [run(0)],
        // Gradients of states where they are no output.
        scratch: dInitial === undefined ? [2 * rows * size * 4] : [],
      });
    },
  };
}
