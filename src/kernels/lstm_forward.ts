/** The forward sweep of an LSTM: every step of time in one dispatch, or in a few where the watchdog wants shorter ones. */

import shader from "../../shaders/lstm_forward.wgsl?raw" with { type: "text" };
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
  roundUp,
  sweepLayout,
  timeChunks,
  UNUSED_BYTES,
  unrolledWhereItPays,
  usesScratch,
} from "./sweep.ts";

const source = withActivations(shader);

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

/** The scratch buffers: the packed kernel, outputs that nobody reads, and the padding's states. */
const PACKED = 0;
const UNUSED = 1;
const PADDING_STATES = 3;
/** The workgroups' shared rows, where they lie in a buffer. */
const SHARED = 4;

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
    return index < 0 ? scratchBuffer(unused, "read_write") : writeBuffer(index);
  };
  return {
    kernel: "lstm_forward",
    reads,
    writes,
    plan: (adapter) => {
      const isGpu = adapter.kind === "gpu";
      const inner = innerLoop(adapter);
      const multiple = Math.max(4, inner.lanes);
      const packing = { hidden: size, gates: 4, order: "forward", multiple } as const;
      const bytesPerRow = roundUp(size, multiple) * 4;
      // Without subgroups two units per thread halve the reads of h. More sums than these only spill.
      const hasWideThreads = adapter.kind === "lavapipe" && inner.features.length === 0 && size > 8;
      const isWide = size > 2 * adapter.limits.maxComputeInvocationsPerWorkgroup;
      const sharing = schedule !== undefined && sharesPadding(adapter, batch);
      let sharedBytes = 0;
      /** The dispatches of one kind of rows: see PADDING in the shader. */
      const sweep = (padding: 0 | 1 | 2): Dispatch[] => {
        const layout = sweepLayout("lstm_forward", adapter, {
          batch: padding === 2 ? 1 : batch,
          hidden: size,
          maxRows: isGpu ? 4 : isWide ? 8 : 16,
          minUnits: hasWideThreads ? 2 : 1,
          bytesPerRow: () => bytesPerRow,
        });
        const fitsTwice = 2 * layout.rows * bytesPerRow <= adapter.limits.maxComputeWorkgroupStorageSize;
        const buffers = fitsTwice ? 2 : 1;
        sharedBytes = Math.max(sharedBytes, layout.workgroups * buffers * layout.rows * bytesPerRow);
        const constants = {
          STEP_QUADS: multiple / 4,
          HIDDEN: size,
          THREADS: layout.threads,
          UNITS: layout.units,
          ROWS: layout.rows,
          BUFFERS: buffers,
          GATHERED: ids === undefined ? 0 : 1,
          PADDING: padding,
          HAS_INITIAL: initial === undefined ? 0 : 1,
          HAS_MASK: mask === undefined ? 0 : 1,
          WRITE_HIDDEN: isUsed.hidden ? 1 : 0,
          WRITE_SAVED: isUsed.saved ? 1 : 0,
          ...activationConstants(activations),
        };
        const specialised = specialise(unrolledWhereItPays(source, adapter), constants, lstmFeatures(adapter));
        return timeChunks(adapter, steps, layout, 4 * size * size).map(([start, end], index) => ({
          label: padding === 2 ? "lstm_forward of padding" : "lstm_forward",
          source: specialised,
          entryPoint: "lstm_forward",
          params: [u32(batch), u32(steps), u32(start), u32(end), u32(x.shape[0] as number)],
          buffers: [
            bind("x"),
            bind("ids"),
            scratchBuffer(PACKED, "read"),
            padding === 1 ? scratchBuffer(PADDING_STATES, "read") : bind("initial"),
            padding === 0 ? bind("mask") : bind("schedule"),
            output(hidden, UNUSED),
            output(saved, UNUSED + 1),
            padding === 2 ? scratchBuffer(PADDING_STATES, "read_write") : output(last, UNUSED),
            ...(usesScratch(adapter) ? [scratchBuffer(SHARED, "read_write")] : []),
          ],
          workgroups: foldGrid(layout.workgroups, adapter),
          isExtraChunk: index > 0,
        }));
      };
      const pack = packDispatch(adapter, packing, bind("recurrent"), scratchBuffer(PACKED, "read_write"));
      const sweeps = sharing ? [...sweep(2), ...sweep(1)] : sweep(0);
      const states = sharing ? steps * 2 * size * 4 : UNUSED_BYTES;
      const scratch = [packedBytes(packing), UNUSED_BYTES, UNUSED_BYTES];
      return {
        dispatches: [pack, ...sweeps],
        scratch: usesScratch(adapter) ? [...scratch, states, sharedBytes] : sharing ? [...scratch, states] : scratch,
      };
    },
  };
}
