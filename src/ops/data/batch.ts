/** Taking a batch out of a data set that lives on the GPU: a step uploads nothing but its position. */
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { rowBatchCall, sequenceBatchCall } from "../../kernels/data/batch.ts";

interface SequenceBatchAttributes {
  readonly batchSize: number;
  readonly length: number;
  readonly paddingPre: boolean;
}

const sequenceBatchOp = defineOp<SequenceBatchAttributes>({
  kind: "kernel",
  name: "sequenceBatch",
  infer: ({ attributes: { batchSize, length } }) => [{ shape: [batchSize, length], dtype: "int32" }],
  vjp: () => [null, null, null, null],
  lower: ({ inputs, outputs: [output], attributes: { paddingPre } }) => {
    const [ids, offsets, permutation, position] = inputs as [Operand, Operand, Operand, Operand];
    return [sequenceBatchCall({ ids, offsets, permutation, position }, output as Operand, { paddingPre, padValue: 0 })];
  },
});

export const sequenceBatchReference: OpReference<SequenceBatchAttributes> = {
  op: sequenceBatchOp,
  reference: ({ inputs, attributes: { batchSize, length, paddingPre } }) => {
    const [ids, offsets, permutation, position] = inputs as [
      ReferenceArray,
      ReferenceArray,
      ReferenceArray,
      ReferenceArray,
    ];
    const data = new Float64Array(batchSize * length);
    for (let row = 0; row < batchSize; row++) {
      const at = Math.min((position.data[0] as number) + row, permutation.data.length - 1);
      const sequence = permutation.data[at] as number;
      const tokens = ids.data.subarray(offsets.data[sequence], offsets.data[sequence + 1]).slice(-length);
      data.set(tokens, row * length + (paddingPre ? length - tokens.length : 0));
    }
    return [{ shape: [batchSize, length], data }];
  },
};

/**
 * Rows `permutation[position …]` of a ragged data set, padded with 0: ids `[total]`, offsets `[N + 1]`,
 * permutation `[N]`, position scalar, all int32 -> `[batchSize, length]`.
 */
export function sequenceBatch(
  data: { readonly ids: Value; readonly offsets: Value; readonly permutation: Value; readonly position: Value },
  attributes: SequenceBatchAttributes,
): Value {
  return only(sequenceBatchOp([data.ids, data.offsets, data.permutation, data.position], attributes));
}

const rowBatchOp = defineOp<{ readonly batchSize: number }>({
  kind: "kernel",
  name: "rowBatch",
  infer: ({ inputs, attributes: { batchSize } }) => {
    const [table] = inputs as [TensorType];
    return [{ shape: [batchSize, ...table.shape.slice(1)], dtype: table.dtype }];
  },
  vjp: () => [null, null, null],
  lower: ({ inputs, outputs: [output] }) => {
    const [table, permutation, position] = inputs as [Operand, Operand, Operand];
    return [rowBatchCall({ table, permutation, position }, output as Operand, { width: sizeOf(table.shape.slice(1)) })];
  },
});

export const rowBatchReference: OpReference<{ readonly batchSize: number }> = {
  op: rowBatchOp,
  reference: ({ inputs, outputs: [output], attributes: { batchSize } }) => {
    const [table, permutation, position] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray];
    const width = sizeOf(table.shape.slice(1));
    const data = new Float64Array(batchSize * width);
    for (let row = 0; row < batchSize; row++) {
      const at = Math.min((position.data[0] as number) + row, permutation.data.length - 1);
      const from = (permutation.data[at] as number) * width;
      data.set(table.data.subarray(from, from + width), row * width);
    }
    return [{ shape: (output as TensorType).shape, data }];
  },
};

/** Rows `permutation[position …]` of a dense table `[N, ...D]` -> `[batchSize, ...D]`. */
export function rowBatch(table: Value, permutation: Value, position: Value, batchSize: number): Value {
  return only(rowBatchOp([table, permutation, position], { batchSize }));
}
