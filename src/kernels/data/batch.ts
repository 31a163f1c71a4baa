/** Batches gathered on the GPU from a data set that was uploaded once. */
import source from "../../../shaders/data/batch.wgsl?raw" with { type: "text" };
import { ShapeError } from "../../core/errors.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch, expectSize } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ batch: source });

/** As in the shader. */
const WORKGROUP = 64;

export interface SequenceBatchOperands {
  /** int32 [total]: all sequences, one after the other. */
  readonly ids: Operand;
  /** int32 [items + 1]: where each sequence starts, and the end of the last. */
  readonly offsets: Operand;
  /** int32 [length]: the order in which sequences are taken. */
  readonly permutation: Operand;
  /** int32 []: where in the permutation the batch starts. */
  readonly position: Operand;
}

export interface SequenceBatchOptions {
  /** True pads at the left. */
  readonly paddingPre: boolean;
  readonly padValue?: number;
}

/**
 * output[r, :] = sequence permutation[position + r], padded to T; rows past the end of the permutation repeat its last.
 *
 * @param output int32 [B, T]. A sequence longer than T keeps its last T ids.
 * @throws ShapeError when the output is not [B, T] or there is no sequence.
 */
export function sequenceBatchCall(
  { ids, offsets, permutation, position }: SequenceBatchOperands,
  output: Operand,
  { paddingPre, padValue = 0 }: SequenceBatchOptions,
): KernelCall {
  const [batch, width] = output.shape;
  const items = sizeOf(offsets.shape) - 1;
  const length = sizeOf(permutation.shape);
  if (output.shape.length !== 2 || batch === undefined || width === undefined) {
    throw new ShapeError(`sequenceBatch: the output is ${formatShape(output.shape)}; expected [B, T]`, { ...output });
  }
  checkItems("sequenceBatch", items, length);
  for (const operand of [ids, output]) checkSize("sequenceBatch", operand);
  return {
    kernel: "sequenceBatch",
    reads: { ids, offsets, permutation, position },
    writes: { output },
    plan: (adapter) => ({
      dispatches:
        batch * width === 0
          ? []
          : [
              dispatch({
                label: "batch/sequences",
                shader: shader.constants({ PADDING_PRE: paddingPre }),
                entryPoint: "sequences",
                params: { batch, width, items, length, pad_value: padValue },
                buffers: { ids, offsets, permutation, position, out: output },
                workgroups: foldGrid(Math.ceil((batch * width) / WORKGROUP), adapter),
              }),
            ],
    }),
  };
}

export interface RowBatchOperands {
  /** [items, ...], any 4-byte dtype. */
  readonly table: Operand;
  /** int32 [length]. */
  readonly permutation: Operand;
  /** int32 []. */
  readonly position: Operand;
}

/**
 * output[r, :] = table[permutation[position + r], :]; rows past the end of the permutation repeat its last.
 *
 * @param output [B, ...], of the table's dtype; `width` elements to a row.
 * @throws ShapeError when sizes do not fit.
 */
export function rowBatchCall(
  { table, permutation, position }: RowBatchOperands,
  output: Operand,
  { width }: { readonly width: number },
): KernelCall {
  const batch = output.shape[0] ?? 1;
  const items = table.shape[0] ?? 1;
  const length = sizeOf(permutation.shape);
  checkItems("rowBatch", items, length);
  expectSize("rowBatch", "table", table, items * width);
  expectSize("rowBatch", "output", output, batch * width);
  for (const operand of [table, output]) checkSize("rowBatch", operand);
  return {
    kernel: "rowBatch",
    reads: { table, permutation, position },
    writes: { output },
    plan: (adapter) => ({
      dispatches:
        batch * width === 0
          ? []
          : [
              dispatch({
                label: "batch/rows",
                shader,
                entryPoint: "rows",
                params: { batch, width, items, length, pad_value: 0 },
                buffers: { table, permutation, position, rows_out: output },
                workgroups: foldGrid(Math.ceil((batch * width) / WORKGROUP), adapter),
              }),
            ],
    }),
  };
}

function checkItems(kernel: string, items: number, length: number): void {
  if (items < 1 || length < 1) {
    throw new ShapeError(`${kernel}: ${items} items and a permutation of ${length}; expected at least one of each`, {
      items,
      length,
    });
  }
}
