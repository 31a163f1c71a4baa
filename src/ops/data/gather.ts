import { addAt, at } from "../../core/at.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand } from "../../core/kernel_call.ts";
import { count, readValue } from "../../core/option_table.ts";
import { dims, formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { gatherCall } from "../../kernels/data/gather.ts";
import { segmentSumCall } from "../../kernels/data/segment_sum.ts";
import { sortIdsCall } from "../../kernels/data/sort_ids.ts";
import { reshape } from "./movement.ts";

interface GatherInputs {
  readonly table: Value;
  readonly ids: Value;
}

export const gatherOp = defineOp<GatherInputs, NoAttributes, Out>({
  kind: "kernel",
  name: "gather",
  infer: ({ inputs: { table, ids } }) => {
    if (ids.dtype !== "int32") {
      throw new DTypeError(`gather: ids are ${ids.dtype}; expected int32. Use cast() first.`, { dtype: ids.dtype });
    }
    if (table.shape.length === 0)
      throw new ShapeError("gather: the table is a scalar; expected at least one axis of rows");
    return { out: { shape: [...ids.shape, ...table.shape.slice(1)], dtype: table.dtype } };
  },
  vjp: ({ inputs: { table, ids }, cotangents: { out } }) => ({ table: scatterAdd(out, ids, at(table.shape, 0)) }),
  lower: ({ inputs: { table, ids }, outputs: { out } }) => [
    gatherCall(table, ids, out, { rows: at(table.shape, 0), width: sizeOf(table.shape.slice(1)) }),
  ],
});

export const gatherReference = referenceFor(gatherOp, ({ inputs: { table, ids }, outputs: { out } }) => {
  const width = sizeOf(table.shape.slice(1));
  const data = new Float64Array(sizeOf(out.shape));
  ids.data.forEach((id, index) => {
    if (id >= 0 && id < at(table.shape, 0)) data.set(table.data.subarray(id * width, (id + 1) * width), index * width);
  });
  return { out: { shape: out.shape, data } };
});

/**
 * Rows of a table: table `[V, ...D]`, ids `[...N]` (int32) -> `[...N, ...D]`. An id outside the table gives zeros:
 * the model API refuses such ids before they reach the GPU.
 */
export function gather(table: Value, ids: Value): Value {
  expectValue("gather", table, ids);
  return gatherOp({ table, ids }, {}).out;
}

interface ScatterInputs {
  readonly updates: Value;
  readonly ids: Value;
}

const scatterAddOp = defineOp<ScatterInputs, { readonly rows: number }, Out>({
  kind: "kernel",
  name: "scatterAdd",
  infer: ({ inputs: { updates, ids }, attributes: { rows } }) => {
    if (ids.dtype !== "int32" || updates.dtype !== "float32") {
      throw new DTypeError(`scatterAdd: got updates ${updates.dtype} and ids ${ids.dtype}; expected float32 and int32`);
    }
    const [rowsGiven, width] = updates.shape;
    if (width === undefined || updates.shape.length !== 2 || ids.shape.length !== 1 || rowsGiven !== ids.shape[0]) {
      throw new ShapeError(
        `scatterAdd: updates are ${formatShape(updates.shape)}, ids ${formatShape(ids.shape)}; expected one row ` +
          "of updates per id",
        { updates: updates.shape, ids: ids.shape },
      );
    }
    return { out: { shape: [rows, width], dtype: "float32" } };
  },
  vjp: ({ inputs: { ids }, cotangents: { out } }) => ({ updates: gather(out, ids) }),
  lower: ({ inputs: { updates, ids }, outputs: { out }, attributes: { rows } }) => {
    const sorted: Operand = { shape: ids.shape, dtype: "int32" };
    const order: Operand = { shape: ids.shape, dtype: "int32" };
    return [sortIdsCall(ids, { sorted, order }, { bound: rows }), segmentSumCall({ updates, sorted, order }, out)];
  },
});

export const scatterAddReference = referenceFor(scatterAddOp, ({ inputs: { updates, ids }, outputs: { out } }) => {
  const [rows, width] = dims(out.shape, 2);
  const data = new Float64Array(rows * width);
  ids.data.forEach((id, index) => {
    if (id < 0 || id >= rows) return;
    for (let column = 0; column < width; column++) {
      addAt(data, id * width + column, at(updates.data, index * width + column));
    }
  });
  return { out: { shape: [rows, width], data } };
});

/**
 * The transpose of `gather`: updates `[...N, ...D]` added into `[rows, ...D]` at ids `[...N]`. Equal ids are summed in
 * the order in which they stand (by a stable sort, never by float atomics), so one input has one result, bit for bit.
 */
export function scatterAdd(updates: Value, ids: Value, rows: number): Value {
  expectValue("scatterAdd", updates, ids);
  readValue("scatterAdd", "rows", count, rows);
  const tail = updates.shape.slice(ids.shape.length);
  const flat = reshape(updates, [sizeOf(ids.shape), sizeOf(tail)]);
  const { out } = scatterAddOp({ updates: flat, ids: reshape(ids, [sizeOf(ids.shape)]) }, { rows });
  return reshape(out, [rows, ...tail]);
}
