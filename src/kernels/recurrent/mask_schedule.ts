/** The schedule by which a sweep skips what a mask leaves out at the ends of rows. */
import source from "../../../shaders/recurrent/mask_schedule.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand, type Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ mask_schedule: source });

/** As in the shader. */
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
  const [batch, steps] = dims(mask.shape, 2);
  return {
    kernel: "mask_schedule",
    reads: { mask },
    writes: { schedule },
    plan: (adapter) => {
      const spans: Scratch = { bytes: 2 * batch * 4 };
      return {
        dispatches: [
          dispatch({
            label: "mask_rows",
            shader,
            entryPoint: "mask_rows",
            params: { batch, steps },
            buffers: { mask, spans, schedule },
            workgroups: foldGrid(batch, adapter),
          }),
          dispatch({
            label: "mask_sort",
            shader,
            entryPoint: "mask_sort",
            params: { batch, steps },
            buffers: { spans, schedule },
            workgroups: foldGrid(Math.ceil(batch / THREADS), adapter),
          }),
        ],
      };
    },
  };
}
