import { ops } from "../../../src/index.ts";
import { scoreRows } from "../../../src/ops/search/score_rows.ts";
import { normal, type OpCase, type TensorSpec } from "./op_case.ts";

/** Words of 32 random bits. */
function words(count: number): TensorSpec {
  return { shape: [count], dtype: "int32", draw: (random) => random.next() | 0 };
}

function scores(rows: number, width: number, queries: number, isInt8: boolean): OpCase {
  const table = isInt8 ? { ...words(0), shape: [rows, width / 4] } : normal([rows, width]);
  return {
    op: "scoreRows",
    name: `${queries} queries over [${rows}, ${width}]${isInt8 ? " of int8" : ""}`,
    inputs: [table, normal([rows, 2]), words(rows / 32), normal([queries, width])],
    build: ([stored, terms, mask, asked]) => [
      scoreRows({
        table: stored as NonNullable<typeof stored>,
        terms: terms as NonNullable<typeof terms>,
        mask: mask as NonNullable<typeof mask>,
        queries: asked as NonNullable<typeof asked>,
      }),
    ],
    hasGradient: false,
    // int8 numbers are a hundred times as large as a normal number.
    tolerance: { absolute: isInt8 ? 5e-3 : 1e-4, relative: 1e-5 },
  };
}

function largest(rows: number, size: number, k: number): OpCase {
  return {
    op: "topK",
    name: `${k} of each row of [${rows}, ${size}]`,
    inputs: [normal([rows, size])],
    build: ([x]) => Object.values(ops.topK(x as NonNullable<typeof x>, k)),
    // Central differences of 2,000 numbers take long.
    hasGradient: rows * size < 500,
  };
}

/** Scores of stored rows, and the k largest. */
export const searchCases: readonly OpCase[] = [
  scores(64, 20, 1, false),
  scores(128, 12, 33, false),
  scores(64, 16, 2, true),
  largest(1, 1, 1),
  largest(3, 65, 7),
  largest(2, 3001, 10),
];
