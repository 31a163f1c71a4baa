/** A stable sort of ids, with the positions they came from: the first half of a deterministic scatter-add. */
import source from "../../../shaders/data/sort_ids.wgsl?raw" with { type: "text" };
import {
  type Dispatch,
  foldGrid,
  type KernelCall,
  type Operand,
  type Scratch,
  type Tensor,
} from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ sort_ids: source });

const RADIX = 256;
const RADIX_BITS = 8;
/** Ids per workgroup, as in the shader. */
const BLOCK = 1024;

/** Of at most so many blocks, each looks at the counts of all: that costs less than a dispatch. */
const MOST_UNSCANNED_BLOCKS = 64;

/**
 * Sorts ids (int32, N of them in any shape) stably: `sorted` int32[N] ascending, `order` int32[N] the position each
 * came from. Ids outside 0 … bound - 1 come last, in the order they stood.
 *
 * @example
 * sortIdsCall(ids, { sorted, order }, { bound: 5000 }); // four dispatches up to 65,536 ids, then six
 */
export function sortIdsCall(
  ids: Operand,
  { sorted, order }: { readonly sorted: Operand; readonly order: Operand },
  { bound }: { readonly bound: number },
): KernelCall {
  const size = sizeOf(ids.shape);
  const blocks = Math.max(1, Math.ceil(size / BLOCK));
  const isScanned = blocks > MOST_UNSCANNED_BLOCKS;
  // Keys are 0 … bound: ids outside sort as `bound`.
  const passes = Math.max(1, Math.ceil(Math.log2(bound + 1) / RADIX_BITS));
  return {
    kernel: "sort_ids",
    reads: { ids },
    writes: { sorted, order },
    plan: (adapter) => {
      const isDirectMove = adapter.kind === "swiftshader";
      const specialised = shader.constants({
        IS_SCANNED: isScanned ? 1 : 0,
        IS_DIRECT: isDirectMove ? 1 : 0,
        SLOTS: isDirectMove ? 1 : BLOCK,
      });
      const counts: Scratch = { bytes: blocks * RADIX * 4 };
      const outputs: Sorted = { sorted, order };
      const middle: Sorted = { sorted: { bytes: size * 4 }, order: { bytes: size * 4 } };
      const perBlock = foldGrid(blocks, adapter);
      const dispatches: Dispatch[] = [];
      // The first pass reads no positions: what is bound there does not matter.
      let from: Sorted = { sorted: ids, order: ids };
      for (let pass = 0; pass < passes; pass++) {
        // Passes alternate between scratch and the outputs, so that the last one ends in the outputs.
        const to = (passes - 1 - pass) % 2 === 0 ? outputs : middle;
        const shared = { shader: specialised, params: { size, blocks, shift: pass * RADIX_BITS, bound } };
        dispatches.push(
          dispatch({
            ...shared,
            label: "sort_count",
            entryPoint: "sort_count",
            buffers: { ids: from.sorted, counts },
            workgroups: perBlock,
          }),
        );
        if (isScanned) {
          dispatches.push(
            dispatch({
              ...shared,
              label: "sort_scan",
              entryPoint: "sort_scan",
              buffers: { table: counts },
              workgroups: [1, 1, 1],
            }),
          );
        }
        dispatches.push(
          dispatch({
            ...shared,
            label: "sort_scatter",
            entryPoint: "sort_scatter",
            buffers: { ids: from.sorted, places: counts, positions: from.order, sorted: to.sorted, order: to.order },
            workgroups: perBlock,
          }),
        );
        from = to;
      }
      return { dispatches };
    },
  };
}

/** Ids in order, and where each came from. */
interface Sorted {
  readonly sorted: Tensor;
  readonly order: Tensor;
}
