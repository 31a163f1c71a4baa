/** A stable sort of ids, with the positions they came from: the first half of a deterministic scatter-add. */

import source from "../../../shaders/data/sort_ids.wgsl?raw" with { type: "text" };
import {
  type BufferBinding,
  type Dispatch,
  foldGrid,
  type KernelCall,
  type Operand,
  readBuffer,
  rereadBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { specialise } from "../wgsl/specialise.ts";

const RADIX = 256;
const RADIX_BITS = 8;
/** Ids per workgroup. */
const BLOCK = 1024;

/** Of at most so many blocks, each looks at the counts of all: that costs less than a dispatch. */
const MOST_UNSCANNED_BLOCKS = 64;

/** The scratch buffers: digit counts, and ids and positions between passes. */
const COUNTS = 0;
const MIDDLE_IDS = 1;
const MIDDLE_ORDER = 2;

/**
 * Sorts ids (int32, N of them in any shape) stably: `sorted` int32[N] ascending, `order` int32[N] the position each came from.
 * Ids outside 0 … bound - 1 come last, in the order they stood.
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
    reads: [ids],
    writes: [sorted, order],
    plan: (adapter) => {
      const isDirectMove = adapter.kind === "swiftshader";
      const counts = (access: "read" | "read_write") => scratchBuffer(COUNTS, access);
      const dispatches: Dispatch[] = [];
      let from: readonly [BufferBinding, BufferBinding] = [readBuffer(0), readBuffer(0)];
      for (let pass = 0; pass < passes; pass++) {
        // Passes alternate between scratch and the outputs, so that the last one ends in the outputs.
        const isDirect = (passes - 1 - pass) % 2 === 0;
        const to = isDirect
          ? [writeBuffer(0), writeBuffer(1)]
          : [scratchBuffer(MIDDLE_IDS, "read_write"), scratchBuffer(MIDDLE_ORDER, "read_write")];
        const shared = {
          source: specialise(source, {
            BLOCK,
            IS_SCANNED: isScanned ? 1 : 0,
            IS_DIRECT: isDirectMove ? 1 : 0,
            SLOTS: isDirectMove ? 1 : BLOCK,
          }),
          params: [u32(size), u32(blocks), u32(pass * RADIX_BITS), u32(bound)],
        };
        const perBlock = foldGrid(blocks, adapter);
        dispatches.push({
          ...shared,
          label: "sort_count",
          entryPoint: "sort_count",
          buffers: [from[0], counts("read_write")],
          workgroups: perBlock,
        });
        if (isScanned) {
          dispatches.push({
            ...shared,
            label: "sort_scan",
            entryPoint: "sort_scan",
            buffers: [counts("read_write")],
            workgroups: [1, 1, 1],
          });
        }
        dispatches.push({
          ...shared,
          label: "sort_scatter",
          entryPoint: "sort_scatter",
          buffers: [from[0], counts("read"), from[1], ...to],
          workgroups: perBlock,
        });
        from = isDirect
          ? [rereadBuffer(0), rereadBuffer(1)]
          : [scratchBuffer(MIDDLE_IDS, "read"), scratchBuffer(MIDDLE_ORDER, "read")];
      }
      const middle = passes > 1 ? [size * 4, size * 4] : [];
      return { dispatches, scratch: [blocks * RADIX * 4, ...middle] };
    },
  };
}
