import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { gatherCall } from "../../kernels/data/gather.ts";
import { segmentSumCall } from "../../kernels/data/segment_sum.ts";
import { sortIdsCall } from "../../kernels/data/sort_ids.ts";
import { reshape } from "./reshape.ts";

type NoAttributes = Readonly<Record<string, never>>;

export const gatherOp = defineOp<NoAttributes>({
  kind: "kernel",
  name: "gather",
  infer: ({ inputs }) => {
    const [table, ids] = inputs as [TensorType, TensorType];
    if (ids.dtype !== "int32") {
      throw new DTypeError(`gather: ids are ${ids.dtype}; expected int32. Use cast() first.`, { dtype: ids.dtype });
    }
    if (table.shape.length === 0)
      throw new ShapeError("gather: the table is a scalar; expected at least one axis of rows");
    return [{ shape: [...ids.shape, ...table.shape.slice(1)], dtype: table.dtype }];
  },
  vjp: ({ inputs, cotangents: [dy] }) => {
    const [table, ids] = inputs as [Value, Value];
    return [scatterAdd(dy as Value, ids, table.shape[0] as number), null];
  },
  lower: ({ inputs, outputs: [output] }) => {
    const [table, ids] = inputs as [Operand, Operand];
    const options = { rows: table.shape[0] as number, width: sizeOf(table.shape.slice(1)) };
    return [gatherCall(table, ids, output as Operand, options)];
  },
});

export const gatherReference: OpReference<NoAttributes> = {
  op: gatherOp,
  reference: ({ inputs, outputs: [output] }) => {
    const [table, ids] = inputs as [ReferenceArray, ReferenceArray];
    const width = sizeOf(table.shape.slice(1));
    const shape = output?.shape ?? [];
    const data = new Float64Array(sizeOf(shape));
    ids.data.forEach((id, index) => {
      if (id >= 0 && id < (table.shape[0] as number))
        data.set(table.data.subarray(id * width, (id + 1) * width), index * width);
    });
    return [{ shape, data }];
  },
};

/**
 * Rows of a table: table `[V, ...D]`, ids `[...N]` (int32) -> `[...N, ...D]`. An id outside the table gives zeros:
 * the model API refuses such ids before they reach the GPU.
 */
export function gather(table: Value, ids: Value): Value {
  return only(gatherOp([table, ids], {}));
}

const scatterAddOp = defineOp<{ readonly rows: number }>({
  kind: "kernel",
  name: "scatterAdd",
  infer: ({ inputs, attributes: { rows } }) => {
    const [updates, ids] = inputs as [TensorType, TensorType];
    if (ids.dtype !== "int32" || updates.dtype !== "float32") {
      throw new DTypeError(`scatterAdd: got updates ${updates.dtype} and ids ${ids.dtype}; expected float32 and int32`);
    }
    if (updates.shape.length !== 2 || ids.shape.length !== 1 || updates.shape[0] !== ids.shape[0]) {
      throw new ShapeError(
        `scatterAdd: updates are ${formatShape(updates.shape)}, ids ${formatShape(ids.shape)}; expected one row of updates per id`,
        { updates: updates.shape, ids: ids.shape },
      );
    }
    return [{ shape: [rows, updates.shape[1] as number], dtype: "float32" }];
  },
  vjp: ({ inputs, cotangents: [dy] }) => [gather(dy as Value, inputs[1] as Value), null],
  lower: ({ inputs, outputs: [output], attributes: { rows } }) => {
    const [updates, ids] = inputs as [Operand, Operand];
    const sorted: Operand = { shape: ids.shape, dtype: "int32" };
    const order: Operand = { shape: ids.shape, dtype: "int32" };
    return [
      sortIdsCall(ids, { sorted, order }, { bound: rows }),
      segmentSumCall({ updates, sorted, order }, output as Operand),
    ];
  },
});

export const scatterAddReference: OpReference<{ readonly rows: number }> = {
  op: scatterAddOp,
  reference: ({ inputs, outputs: [output] }) => {
    const [updates, ids] = inputs as [ReferenceArray, ReferenceArray];
    const [rows, width] = (output as TensorType).shape as [number, number];
    const data = new Float64Array(rows * width);
    ids.data.forEach((id, index) => {
      if (id < 0 || id >= rows) return;
      for (let column = 0; column < width; column++) {
        data[id * width + column] =
          (data[id * width + column] as number) + (updates.data[index * width + column] as number);
      }
    });
    return [{ shape: [rows, width], data }];
  },
};

/**
 * The transpose of `gather`: updates `[...N, ...D]` added into `[rows, ...D]` at ids `[...N]`. Equal ids are summed in
 * the order in which they stand (by a stable sort, never by float atomics), so one input has one result, bit for bit.
 */
export function scatterAdd(updates: Value, ids: Value, rows: number): Value {
  const tail = updates.shape.slice(ids.shape.length);
  const flat = reshape(updates, [sizeOf(ids.shape), sizeOf(tail)]);
  const sums = only(scatterAddOp([flat, reshape(ids, [sizeOf(ids.shape)])], { rows }));
  return reshape(sums, [rows, ...tail]);
}
