/** Sums of rows that share an id: the second half of a deterministic scatter-add. */
import source from "../../../shaders/data/scatter_add.wgsl?raw" with { type: "text" };
import { type Dispatch, foldGrid, type KernelCall, type Operand, type Scratch } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ scatter_add: source });

/** As in the shader, like `BLOCK` and `ZEROS`. */
const THREADS = 32;
/** Columns per workgroup: four per invocation. */
const SPAN = 4 * THREADS;
/** Sorted positions per workgroup. */
const BLOCK = 64;
/** Elements of `out` that one invocation clears. */
const ZEROS = 16;
/** What one added element costs, in multiply-adds of a matmul: it is a lone gathered read. */
const MULTIPLY_ADDS_PER_ELEMENT = 4;

/**
 * `out[v, :]` (float32[V, D]) becomes the sum of `updates[order[p], :]` (float32[N, D]) over the positions p with
 * `sorted[p]` = v, and 0 where there are none. `sorted` and `order` (int32[N]) come from `sortIdsCall`; ids outside 0
 * … V - 1 add nothing. `updates` may have any shape of N * D elements.
 *
 * @example
 * segmentSumCall({ updates, sorted, order }, out);
 */
export function segmentSumCall(
  { updates, sorted, order }: { readonly updates: Operand; readonly sorted: Operand; readonly order: Operand },
  out: Operand,
): KernelCall {
  const size = sizeOf(sorted.shape);
  const [rows = 1] = out.shape;
  const columns = sizeOf(out.shape) / Math.max(1, rows);
  const blocks = Math.ceil(size / BLOCK);
  const tiles = Math.ceil(columns / SPAN);
  return {
    kernel: "segment_sum",
    reads: { updates, sorted, order },
    writes: { out },
    plan: (adapter) => {
      const params = (first: number) => ({ size, columns, rows, blocks, first });
      const dispatches: Dispatch[] = [
        dispatch({
          label: "scatter_zero",
          shader,
          entryPoint: "scatter_zero",
          params: params(0),
          buffers: { out },
          workgroups: foldGrid(Math.ceil((rows * columns) / (THREADS * ZEROS)), adapter),
        }),
      ];
      const groups = blocks * tiles;
      const secondsPerGroup = (BLOCK * SPAN * MULTIPLY_ADDS_PER_ELEMENT) / adapter.multiplyAddsPerSecond;
      const chunk = Math.max(1, Math.floor(adapter.dispatchSeconds / secondsPerGroup));
      const bytes = Math.max(4, blocks * columns * 4);
      const heads: Scratch = { bytes };
      const tails: Scratch = { bytes };
      for (let first = 0; first < groups; first += chunk) {
        dispatches.push(
          dispatch({
            label: "scatter_blocks",
            shader,
            entryPoint: "scatter_blocks",
            params: params(first),
            buffers: { out, sorted, order, updates, heads, tails },
            workgroups: foldGrid(Math.min(chunk, groups - first), adapter),
            isExtraChunk: first > 0,
          }),
        );
      }
      if (blocks > 1) {
        dispatches.push(
          dispatch({
            label: "scatter_join",
            shader,
            entryPoint: "scatter_join",
            params: params(0),
            buffers: { out, sorted, heads_in: heads, tails_in: tails },
            workgroups: foldGrid(groups, adapter),
          }),
        );
      }
      return { dispatches };
    },
  };
}
