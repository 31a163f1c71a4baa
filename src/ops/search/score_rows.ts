import { at } from "../../core/at.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { dims, formatShape } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { EXCLUDED_SCORE, scoreRowsCall } from "../../kernels/search/score_rows.ts";

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

const scoreRowsOp = defineOp<ScoreInputs, NoAttributes, Out>({
  kind: "kernel",
  name: "scoreRows",
  infer: ({ inputs: { table, terms, mask, queries } }) => {
    if (mask.dtype !== "int32" || terms.dtype !== "float32" || queries.dtype !== "float32") {
      throw new DTypeError(
        `scoreRows: terms, mask and queries are ${terms.dtype}, ${mask.dtype} and ${queries.dtype}; expected ` +
          "float32, int32 and float32",
      );
    }
    const [rows = 0, width = 0] = table.shape;
    const numbers = table.dtype === "float32" ? width : width * 4;
    const [count = 0] = queries.shape;
    const isFitting =
      terms.shape[0] === rows && terms.shape[1] === 2 && mask.shape[0] === rows / 32 && queries.shape[1] === numbers;
    if (!isFitting || rows % 64 !== 0 || numbers % 4 !== 0) {
      throw new ShapeError(
        "scoreRows: table, terms, mask and queries are " +
          `${[table, terms, mask, queries].map(({ shape }) => formatShape(shape)).join(", ")}; expected [C, D], ` +
          "[C, 2], [C / 32] and [Q, D], C a multiple of 64 and D of 4 (an int32 table holds four int8 in each " +
          "element)",
        { table: table.shape, terms: terms.shape, mask: mask.shape, queries: queries.shape },
      );
    }
    return { out: { shape: [count, rows], dtype: "float32" } };
  },
  // It searches what is stored: no gradient flows into or out of it.
  vjp: () => ({}),
  lower: ({ inputs, outputs: { out } }) => [scoreRowsCall(inputs, out)],
});

export const scoreRowsReference = referenceFor(
  scoreRowsOp,
  ({ inputs: { table, terms, mask, queries }, outputs: { out } }) => {
    const [count, rows] = dims(out.shape, 2);
    const size = at(queries.shape, 1);
    const isInt8 = table.shape[1] !== size;
    const numberAt = (row: number, column: number): number => {
      if (!isInt8) return at(table.data, row * size + column);
      const word = at(table.data, (row * size + column) >> 2);
      return (word << (24 - 8 * (column % 4))) >> 24;
    };
    const data = new Float64Array(count * rows).fill(EXCLUDED_SCORE);
    for (let index = 0; index < data.length; index++) {
      const [query, row] = [Math.floor(index / rows), index % rows];
      if (((at(mask.data, row >> 5) >>> (row % 32)) & 1) === 0) continue;
      let sum = 0;
      for (let i = 0; i < size; i++) sum += at(queries.data, query * size + i) * numberAt(row, i);
      data[index] = sum * at(terms.data, row * 2) + at(terms.data, row * 2 + 1);
    }
    return { out: { shape: [count, rows], data } };
  },
);

/**
 * Scores of stored rows: (query · row) · scale + bias as `[Q, C]`, and `EXCLUDED_SCORE` (float32's lowest number) where
 * the mask's bit is 0. C is a multiple of 64, D of 4.
 *
 * @throws ShapeError, DTypeError when the tensors do not fit together.
 */
export function scoreRows({ table, terms, mask, queries }: ScoreInputs): Value {
  return scoreRowsOp({ table, terms, mask, queries }, {}).out;
}
