/** The backward sweep of an LSTM: gradients of every pre-activation, from the last step of time to the first. */

import shader from "../../shaders/lstm_backward.wgsl?raw" with { type: "text" };
import {
  type Dispatch,
  foldGrid,
  type KernelCall,
  type Operand,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../core/kernel_call.ts";
import { activationConstants, type RecurrentActivations, withActivations } from "./activations.ts";
import { sharesPadding } from "./padding.ts";
import { packDispatch, packedBytes } from "./recurrent_pack.ts";
import { specialise } from "./specialise.ts";
import {
  innerLoop,
  lstmFeatures,
  optionalReads,
  sweepLayout,
  timeChunks,
  UNUSED_BYTES,
  unrolledWhereItPays,
  usesScratch,
} from "./sweep.ts";

const source = withActivations(shader);

/** The scratch buffers: the packed kernel, and gradients of states where they are no output. */
const PACKED = 0;
const STATE_GRADIENTS = 1;
/** The workgroups' shared gate gradients, where they lie in a buffer. */
const SHARED = 2;
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
      const isGpu = adapter.kind === "gpu";
      const inner = innerLoop(adapter);
      const packing = { hidden: size, gates: 4, order: "backward", multiple: inner.lanes } as const;
      const sharing = schedule !== undefined && sharesPadding(adapter, batch);
      let sharedBytes = 0;
      /** The dispatches of one kind of rows: see PADDING in the shader. */
      const sweep = (padding: 0 | 1 | 2): Dispatch[] => {
        const layout = sweepLayout("lstm_backward", adapter, {
          batch: padding === 2 ? 1 : batch,
          hidden: size,
          maxRows: isGpu ? 4 : 16,
          // With fewer, Mesa 25.0's compiler ends the process ("Cannot emit physreg copy instruction") for many sizes, 100 among them.
          minRows: adapter.kind === "lavapipe" && adapter.subgroupSize === 0 ? 16 : 4,
          minUnits: isGpu ? 1 : inner.lanes > 1 ? 2 : 4,
          bytesPerRow: (threads) => threads * 4 * 4,
        });
        sharedBytes = Math.max(sharedBytes, layout.workgroups * layout.rows * layout.threads * 4 * 4);
        const constants = {
          LANES: inner.lanes,
          HIDDEN: size,
          THREADS: layout.threads,
          UNITS: layout.units,
          ROWS: layout.rows,
          PADDING: padding,
          HAS_D_HIDDEN: dHidden === undefined ? 0 : 1,
          HAS_D_LAST: dLast === undefined ? 0 : 1,
          HAS_MASK: mask === undefined ? 0 : 1,
          HAS_INITIAL: initial === undefined ? 0 : 1,
          ...activationConstants(activations),
        };
        const specialised = specialise(unrolledWhereItPays(source, adapter), constants, lstmFeatures(adapter));
        const chunks = timeChunks(adapter, steps, layout, 4 * size * size).reverse();
        return chunks.map(([start, end], index) => ({
          label: padding === 2 ? "lstm_backward of padding" : "lstm_backward",
          source: specialised,
          entryPoint: "lstm_backward",
          params: [u32(batch), u32(steps), u32(start), u32(end)],
          buffers: [
            bind("saved"),
            scratchBuffer(PACKED, "read"),
            bind("dHidden"),
            bind("dLast"),
            padding === 0 ? bind("mask") : bind("schedule"),
            bind("initial"),
            writeBuffer(0),
            dInitial === undefined ? scratchBuffer(STATE_GRADIENTS, "read_write") : writeBuffer(1),
            ...(usesScratch(adapter) ? [scratchBuffer(SHARED, "read_write")] : []),
          ],
          workgroups: foldGrid(layout.workgroups, adapter),
          isExtraChunk: index > 0,
        }));
      };
      const pack = packDispatch(adapter, packing, bind("recurrent"), scratchBuffer(PACKED, "read_write"));
      const sweeps = sharing ? [...sweep(1), ...sweep(2)] : sweep(0);
      const states = dInitial === undefined ? 2 * rows * size * 4 : UNUSED_BYTES;
      const scratch = [packedBytes(packing), states, ...(usesScratch(adapter) ? [sharedBytes] : [])];
      return { dispatches: [pack, ...sweeps], scratch };
    },
  };
}
