/** Rows of a table by id: the embedding lookup. */
import source from "../../../shaders/data/gather.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch, expectSize } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ gather: source });

/** As in the shader. */
const WORKGROUP = 64;

/**
 * output[i, :] = table[ids[i], :] for any 4-byte dtype; an id outside the table gives zeros.
 *
 * @param ids int32, any shape; `output` has its elements times `width`.
 * @throws ShapeError when sizes do not fit, LimitError when they reach 2^31 elements.
 * @example
 * gatherCall(table, ids, output, { rows: 5000, width: 32 });
 */
export function gatherCall(
  table: Operand,
  ids: Operand,
  output: Operand,
  { rows, width }: { readonly rows: number; readonly width: number },
): KernelCall {
  const count = sizeOf(ids.shape);
  expectSize("gather", "table", table, rows * width);
  expectSize("gather", "output", output, count * width);
  checkSize("gather", table);
  checkSize("gather", output);
  const lanes = width % 4 === 0 ? 4 : 1;
  const isVector = lanes === 4 && rows > 0;
  const specialised = shader.constants({ Element: isVector ? "vec4u" : "u32" });
  return {
    kernel: "gather",
    reads: { table, ids },
    writes: { output },
    plan: (adapter) => ({
      dispatches:
        count * width === 0
          ? []
          : [
              dispatch({
                label: "gather",
                shader: specialised,
                entryPoint: "gather",
                params: { count, rows, width: isVector ? width / lanes : width },
                buffers: { table, ids, out: output },
                workgroups: foldGrid(Math.ceil((count * width) / (rows > 0 ? lanes : 1) / WORKGROUP), adapter),
              }),
            ],
    }),
  };
}
