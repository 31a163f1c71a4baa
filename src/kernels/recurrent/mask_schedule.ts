/** The schedule by which a sweep skips what a mask leaves out at the ends of rows. */

import source from "../../../shaders/recurrent/mask_schedule.wgsl?raw" with { type: "text" };
import {
  foldGrid,
  type KernelCall,
  type Operand,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";

const THREADS = 64;

/** Elements of the schedule of a mask `[B, T]`: rows, starts and ends, then the mask. */
export function scheduleSize(batch: number, steps: number): number {
  return 3 * batch + batch * steps;
}

/**
 * Sorts the rows of a mask by length, the longest first. Reads bool[B, T]; writes i32[3 B + B T].
 *
 * @example
 * maskScheduleCall(mask, schedule);
 */
export function maskScheduleCall(mask: Operand, schedule: Operand): KernelCall {
  const [batch, steps] = mask.shape as readonly [number, number];
  return {
    kernel: "mask_schedule",
    reads: [mask],
    writes: [schedule],
    plan: (adapter) => {
      const shared = { source: specialise(source, { THREADS }), params: [u32(batch), u32(steps)] };
      return {
        dispatches: [
          {
            ...shared,
            label: "mask_rows",
            entryPoint: "mask_rows",
            buffers: [readBuffer(0), scratchBuffer(0, "read_write"), writeBuffer(0)],
            workgroups: foldGrid(batch, adapter),
          },
          {
            ...shared,
            label: "mask_sort",
            entryPoint: "mask_sort",
            buffers: [scratchBuffer(0, "read"), writeBuffer(0)],
            workgroups: foldGrid(Math.ceil(batch / THREADS), adapter),
          },
        ],
        scratch: [2 * batch * 4],
      };
    },
  };
}
