import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { EXCLUDED_SCORE, scoreRowsCall } from "../../kernels/search/score_rows.ts";

const scoreRowsOp = defineOp<Readonly<Record<string, never>>>({
  kind: "kernel",
  name: "scoreRows",
  infer: ({ inputs }) => {
    const [table, terms, mask, queries] = inputs as [TensorType, TensorType, TensorType, TensorType];
    if (mask.dtype !== "int32" || terms.dtype !== "float32" || queries.dtype !== "float32") {
      throw new DTypeError(
        `scoreRows: terms, mask and queries are ${terms.dtype}, ${mask.dtype} and ${queries.dtype}; expected float32, int32 and float32`,
      );
    }
    const [rows = 0, width = 0] = table.shape;
    const numbers = table.dtype === "float32" ? width : width * 4;
    const [count = 0] = queries.shape;
    const isFitting =
      terms.shape[0] === rows && terms.shape[1] === 2 && mask.shape[0] === rows / 32 && queries.shape[1] === numbers;
    if (!isFitting || rows % 64 !== 0 || numbers % 4 !== 0) {
      throw new ShapeError(
        `scoreRows: table, terms, mask and queries are ${[table, terms, mask, queries].map(({ shape }) => formatShape(shape)).join(", ")}; expected [C, D], [C, 2], [C / 32] and [Q, D], C a multiple of 64 and D of 4 (an int32 table holds four int8 in each element)`,
        { table: table.shape, terms: terms.shape, mask: mask.shape, queries: queries.shape },
      );
    }
    return [{ shape: [count, rows], dtype: "float32" }];
  },
  // It searches what is stored: no gradient flows into or out of it.
  vjp: () => [null, null, null, null],
  lower: ({ inputs, outputs: [scores] }) => {
    const [table, terms, mask, queries] = inputs as [Operand, Operand, Operand, Operand];
    return [scoreRowsCall({ table, terms, mask, queries }, scores as Operand)];
  },
});

export const scoreRowsReference: OpReference<Readonly<Record<string, never>>> = {
  op: scoreRowsOp,
  reference: ({ inputs, outputs: [output] }) => {
    const [table, terms, mask, queries] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray, ReferenceArray];
    const [count, rows] = (output as TensorType).shape as [number, number];
    const size = queries.shape[1] as number;
    const isInt8 = table.shape[1] !== size;
    const numberAt = (row: number, column: number): number => {
      if (!isInt8) return table.data[row * size + column] as number;
      const word = table.data[(row * size + column) >> 2] as number;
      return (word << (24 - 8 * (column % 4))) >> 24;
    };
    const data = new Float64Array(count * rows).fill(EXCLUDED_SCORE);
    for (let index = 0; index < data.length; index++) {
      const [query, row] = [Math.floor(index / rows), index % rows];
      if ((((mask.data[row >> 5] as number) >>> (row % 32)) & 1) === 0) continue;
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (queries.data[query * size + i] as number) * numberAt(row, i);
      data[index] = sum * (terms.data[row * 2] as number) + (terms.data[row * 2 + 1] as number);
    }
    return [{ shape: [count, rows], data }];
  },
};

/** What `scoreRows` reads. */
export interface ScoreInputs {
  /** float32 `[C, D]`, or int32 `[C, D / 4]` that holds four int8 in each element, the first in its lowest byte. */
  readonly table: Value;
  /** float32 `[C, 2]`: scale and bias of each row. */
  readonly terms: Value;
  /** int32 `[C / 32]`: bit r % 32 of element r / 32 says whether row r counts. */
  readonly mask: Value;
  /** float32 `[Q, D]`. */
  readonly queries: Value;
}

/**
 * Scores of stored rows: (query · row) · scale + bias as `[Q, C]`, and `EXCLUDED_SCORE` (float32's lowest number) where the
 * mask's bit is 0. C is a multiple of 64, D of 4.
 *
 * @throws ShapeError, DTypeError when the tensors do not fit together.
 */
export function scoreRows({ table, terms, mask, queries }: ScoreInputs): Value {
  return only(scoreRowsOp([table, terms, mask, queries], {}));
}
