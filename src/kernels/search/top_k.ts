/** The k largest numbers of each row. */
import source from "../../../shaders/search/top_k.wgsl?raw" with { type: "text" };
import { ShapeError } from "../../core/errors.ts";
import { foldGrid, type KernelCall, type Operand, type Scratch } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch, expectSize } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ top_k: source });

/** As in the shader. */
const WORKGROUP = 256;
/** Rows up to this long are selected from at once. */
const SHORT_ROW = 1024;
const LEAST_GROUP = 8;
const LARGEST_GROUP = 1024;

/**
 * values[q] and indices[q]: the k largest of x[q], in the order of their places; of equal numbers those that come
 * first.
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
    reads: { x },
    writes: { values, indices },
    plan: (adapter) => {
      if (rows === 0) return { dispatches: [] };
      const select = { label: "topK/select", entryPoint: "select_largest", workgroups: foldGrid(rows, adapter) };
      if (group === 0) {
        const all = dispatch({
          ...select,
          shader,
          params: { rows, size, k, items: size, group },
          buffers: { x, groups: undefined, values, indices },
        });
        return { dispatches: [all] };
      }
      const groups = Math.ceil(size / group);
      const largest: Scratch = { bytes: rows * groups * 4 };
      const places: Scratch = { bytes: rows * k * 4 };
      const unread: Scratch = { bytes: rows * k * 4 };
      const leaders = dispatch({
        label: "topK/leaders",
        shader,
        entryPoint: "leaders",
        params: { rows, size, k, items: 0, group },
        buffers: { x, largest },
        workgroups: foldGrid(Math.ceil((rows * groups) / WORKGROUP), adapter),
      });
      const selectGroups = dispatch({
        ...select,
        shader,
        params: { rows, size: groups, k, items: groups, group: 0 },
        buffers: { x: largest, groups: undefined, values: unread, indices: places },
      });
      const selectMembers = dispatch({
        ...select,
        shader: shader.constants({ IS_GROUPED: true }),
        params: { rows, size, k, items: k * group, group },
        buffers: { x, groups: places, values, indices },
      });
      return { dispatches: [leaders, selectGroups, selectMembers] };
    },
  };
}

/** Numbers of a group: as many groups as members of k groups, about; 0 where groups do not halve the work. */
function groupOf(size: number, k: number): number {
  const even = 2 ** Math.round(Math.log2(Math.sqrt(size / k)));
  const group = Math.min(LARGEST_GROUP, Math.max(LEAST_GROUP, even));
  return size <= SHORT_ROW || size / group + k * group > size / 2 ? 0 : group;
}
