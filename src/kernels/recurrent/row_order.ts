/** The order in which a sweep takes the rows of a batch: by a mask, or by the padding that rows begin with. */
import mask_schedule from "../../../shaders/recurrent/mask_schedule.wgsl?raw" with { type: "text" };
import padding from "../../../shaders/recurrent/padding.wgsl?raw" with { type: "text" };
import { type AdapterTraits, foldGrid, type KernelCall, type Operand, type Scratch } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const maskShader = /* @__PURE__ */ Shader.of({ mask_schedule });

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
            shader: maskShader,
            entryPoint: "mask_rows",
            params: { batch, steps },
            buffers: { mask, spans, schedule },
            workgroups: foldGrid(batch, adapter),
          }),
          dispatch({
            label: "mask_sort",
            shader: maskShader,
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

const paddingShader = /* @__PURE__ */ Shader.of({ padding });

/** The most rows that one schedule can hold. */
export const MOST_SCHEDULED_ROWS = 2048;

/**
 * With fewer rows, or a GPU that runs them all at once, reading the padding once saves no time: it makes the chain of
 * steps longer.
 */
const FEWEST_SHARING_ROWS = 16;

/** Whether the rows of a batch share the reading of their padding. */
export function sharesPadding(adapter: AdapterTraits, batch: number): boolean {
  return adapter.kind !== "gpu" && batch >= FEWEST_SHARING_ROWS;
}

/**
 * Finds where each row's padding (leading zeros) ends, and sorts the rows by it.
 * Reads ids i32[B, T]; writes the schedule i32[2, B] (rows, then their starts) and i32[B + 1, T], the ids from each
 * row's start on, with -1 before, and the padding's own row.
 *
 * @example
 * paddingCall(ids, { schedule, ownIds });
 */
export function paddingCall(
  ids: Operand,
  { schedule, ownIds }: { readonly schedule: Operand; readonly ownIds: Operand },
): KernelCall {
  const [batch, steps] = dims(ids.shape, 2);
  return {
    kernel: "padding",
    reads: { ids },
    writes: { schedule, ownIds },
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: "padding_schedule",
          shader: paddingShader.constants({
            MOST: Math.min(MOST_SCHEDULED_ROWS, Math.max(1, batch)),
            SHARE: sharesPadding(adapter, batch) ? 1 : 0,
          }),
          entryPoint: "padding_schedule",
          params: { batch, steps },
          buffers: { ids, schedule, own_ids: ownIds },
          workgroups: [1, 1, 1],
        }),
      ],
    }),
  };
}
