/** Taking a batch out of a data set that lives on the GPU: a step uploads nothing but its position. */
import { at } from "../../core/at.ts";
import { sizeOf } from "../../core/shape.ts";
import { defineOp, type Out, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { rowBatchCall, sequenceBatchCall } from "../../kernels/data/batch.ts";

/** A ragged data set, and where in it the batch starts. All are int32. */
interface SequenceBatchInputs {
  /** `[total]`: all sequences, one after another. */
  readonly ids: Value;
  /** `[N + 1]`: where each sequence starts, and the end of the last. */
  readonly offsets: Value;
  /** `[N]`: the order in which sequences are taken. */
  readonly permutation: Value;
  /** A scalar: the batch's first place in the permutation. */
  readonly position: Value;
}

interface SequenceBatchAttributes {
  readonly batchSize: number;
  readonly length: number;
  readonly paddingPre: boolean;
}

const sequenceBatchOp = defineOp<SequenceBatchInputs, SequenceBatchAttributes, Out>({
  kind: "kernel",
  name: "sequenceBatch",
  infer: ({ attributes: { batchSize, length } }) => ({ out: { shape: [batchSize, length], dtype: "int32" } }),
  vjp: () => ({}),
  lower: ({ inputs, outputs: { out }, attributes: { paddingPre } }) => [
    sequenceBatchCall(inputs, out, { paddingPre, padValue: 0 }),
  ],
});

/** The item of each of the batch's rows; rows past the end repeat the last. */
function itemsOf(permutation: ReferenceArray, position: ReferenceArray, batchSize: number): number[] {
  const last = permutation.data.length - 1;
  const first = at(position.data, 0);
  return Array.from({ length: batchSize }, (_, row) => at(permutation.data, Math.min(first + row, last)));
}

export const sequenceBatchReference = referenceFor(
  sequenceBatchOp,
  ({ inputs: { ids, offsets, permutation, position }, attributes: { batchSize, length, paddingPre } }) => {
    const data = new Float64Array(batchSize * length);
    itemsOf(permutation, position, batchSize).forEach((item, row) => {
      const tokens = ids.data.subarray(at(offsets.data, item), at(offsets.data, item + 1)).slice(-length);
      data.set(tokens, row * length + (paddingPre ? length - tokens.length : 0));
    });
    return { out: { shape: [batchSize, length], data } };
  },
);

/** Rows `permutation[position …]` of a ragged data set, padded with 0: `[batchSize, length]`. */
export function sequenceBatch(data: SequenceBatchInputs, attributes: SequenceBatchAttributes): Value {
  const { ids, offsets, permutation, position } = data;
  return sequenceBatchOp({ ids, offsets, permutation, position }, attributes).out;
}

interface RowBatchInputs {
  readonly table: Value;
  readonly permutation: Value;
  readonly position: Value;
}

const rowBatchOp = defineOp<RowBatchInputs, { readonly batchSize: number }, Out>({
  kind: "kernel",
  name: "rowBatch",
  infer: ({ inputs: { table }, attributes: { batchSize } }) => ({
    out: { shape: [batchSize, ...table.shape.slice(1)], dtype: table.dtype },
  }),
  vjp: () => ({}),
  lower: ({ inputs, outputs: { out } }) => [rowBatchCall(inputs, out, { width: sizeOf(inputs.table.shape.slice(1)) })],
});

export const rowBatchReference = referenceFor(
  rowBatchOp,
  ({ inputs: { table, permutation, position }, outputs: { out }, attributes: { batchSize } }) => {
    const width = sizeOf(table.shape.slice(1));
    const data = new Float64Array(batchSize * width);
    itemsOf(permutation, position, batchSize).forEach((item, row) => {
      data.set(table.data.subarray(item * width, (item + 1) * width), row * width);
    });
    return { out: { shape: out.shape, data } };
  },
);

/** Rows `permutation[position …]` of a dense table `[N, ...D]` -> `[batchSize, ...D]`. */
export function rowBatch(table: Value, permutation: Value, position: Value, batchSize: number): Value {
  return rowBatchOp({ table, permutation, position }, { batchSize }).out;
}
