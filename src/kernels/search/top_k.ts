/** The k largest numbers of each row. */
import source from "../../../shaders/search/top_k.wgsl?raw" with { type: "text" };
import { ShapeError } from "../../core/errors.ts";
import {
  type Dispatch,
  foldGrid,
  type KernelCall,
  type Operand,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, expectSize } from "../check.ts";
import { specialise } from "../wgsl/specialise.ts";

const WORKGROUP = 256;
/** Rows up to this long are selected from at once. */
const SHORT_ROW = 1024;
const LEAST_GROUP = 8;
const LARGEST_GROUP = 1024;

/** The scratch buffers: leaders, the places of the k largest of them, and their values, which nothing reads. */
const LEADERS = 0;
const GROUPS = 1;
const GROUP_VALUES = 2;

/**
 * values[q] and indices[q]: the k largest of x[q], in the order of their places; of equal numbers those that come first.
 * @param x float32 `[Q, N]`; `values` float32 `[Q, k]`, `indices` int32 `[Q, k]`.
 * @throws ShapeError when sizes do not fit, or k is not 1 … N.
 */
export function topKCall(x: Operand, values: Operand, indices: Operand, k: number): KernelCall {
  const size = x.shape.at(-1) ?? 0;
  const rows = size === 0 ? 0 : sizeOf(x.shape) / size;
  if (!(Number.isInteger(k) && k >= 1 && k <= size)) {
    throw new ShapeError(`topK: k is ${k}; expected a whole number from 1 to ${size}, the length of a row`, {
      k,
      size,
    });
  }
  expectSize("topK", "values", values, rows * k);
  expectSize("topK", "indices", indices, rows * k);
  checkSize("topK", x);
  const group = groupOf(size, k);
  return {
    kernel: "topK",
    reads: [x],
    writes: [values, indices],
    plan: (adapter) => {
      if (rows === 0) return { dispatches: [], scratch: [] };
      const select = {
        label: "topK/select",
        entryPoint: "select_largest",
        workgroups: foldGrid(rows, adapter),
      };
      const results = [writeBuffer(0), writeBuffer(1)];
      if (group === 0) {
        // What an unused binding holds does not matter.
        const all: Dispatch = {
          ...select,
          source: specialise(source, { IS_GROUPED: false }),
          params: [rows, size, k, size, 0].map(u32),
          buffers: [readBuffer(0), readBuffer(0), ...results],
        };
        return { dispatches: [all], scratch: [] };
      }
      const groups = Math.ceil(size / group);
      const leaders: Dispatch = {
        label: "topK/leaders",
        source: specialise(source, {}),
        entryPoint: "leaders",
        params: [rows, size, k, 0, group].map(u32),
        buffers: [readBuffer(0), scratchBuffer(LEADERS, "read_write")],
        workgroups: foldGrid(Math.ceil((rows * groups) / WORKGROUP), adapter),
      };
      const selectGroups: Dispatch = {
        ...select,
        source: specialise(source, { IS_GROUPED: false }),
        params: [rows, groups, k, groups, 0].map(u32),
        buffers: [
          scratchBuffer(LEADERS, "read"),
          scratchBuffer(LEADERS, "read"),
          scratchBuffer(GROUP_VALUES, "read_write"),
          scratchBuffer(GROUPS, "read_write"),
        ],
      };
      const selectMembers: Dispatch = {
        ...select,
        source: specialise(source, { IS_GROUPED: true }),
        params: [rows, size, k, k * group, group].map(u32),
        buffers: [readBuffer(0), scratchBuffer(GROUPS, "read"), ...results],
      };
      const scratch = [rows * groups * 4, rows * k * 4, rows * k * 4];
      return { dispatches: [leaders, selectGroups, selectMembers], scratch };
    },
  };
}

/** Numbers of a group: as many groups as members of k groups, about; 0 where groups do not halve the work. */
function groupOf(size: number, k: number): number {
  const even = 2 ** Math.round(Math.log2(Math.sqrt(size / k)));
  const group = Math.min(LARGEST_GROUP, Math.max(LEAST_GROUP, even));
  return size <= SHORT_ROW || size / group + k * group > size / 2 ? 0 : group;
}
