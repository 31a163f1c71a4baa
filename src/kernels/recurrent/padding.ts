/** The schedule of a batch whose rows begin with the same padding. */
import source from "../../../shaders/recurrent/padding.wgsl?raw" with { type: "text" };
import type { AdapterTraits, KernelCall, Operand } from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ padding: source });

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
          shader: shader.constants({
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
