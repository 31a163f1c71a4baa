import { ops, type Shape, scalar, type Value } from "../../../src/index.ts";
import { normal, type OpCase } from "./op_case.ts";

const PRODUCT = { absolute: 2e-5, relative: 2e-5 };

/** Batch axes of a and of b, then M, K, N. */
const MATMULS: readonly (readonly [Shape, Shape, readonly [number, number, number]])[] = [
  [[], [], [1, 1, 1]],
  [[], [], [3, 5, 7]],
  [[], [], [65, 7, 257]],
  [[], [], [7, 257, 5]],
  // Large enough for the variants that software adapters choose, with and without a split K; by rows of vec4s, and not.
  [[], [], [257, 65, 129]],
  [[], [], [17, 2049, 33]],
  [[3], [], [36, 24, 68]],
  [[3], [3], [4, 5, 6]],
  [[3], [], [4, 5, 6]],
  [[], [3], [4, 5, 6]],
  [[2, 1], [3], [2, 3, 4]],
  [
    [2, 1, 3],
    [4, 1],
    [1, 2, 3],
  ],
];

const matmuls: readonly OpCase[] = MATMULS.flatMap(([aBatch, bBatch, [m, k, n]]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): OpCase => {
      const a = [...aBatch, ...(transposeA ? [k, m] : [m, k])];
      const b = [...bBatch, ...(transposeB ? [n, k] : [k, n])];
      return {
        op: "matmul",
        name: `[${a.join(", ")}]${transposeA ? "ᵀ" : ""} · [${b.join(", ")}]${transposeB ? "ᵀ" : ""}`,
        inputs: [normal(a), normal(b)],
        build: ([x, y]) => [ops.matmul(x as Value, y as Value, { transposeA, transposeB })],
        // Sums of k float32 products of normal numbers.
        tolerance: { ...PRODUCT, absolute: PRODUCT.absolute + 5e-8 * k },
      };
    }),
  ),
);

const epilogues: readonly OpCase[] = (["relu", "sigmoid", "tanh", "softplus"] as const).map((activation) => ({
  op: "matmul with bias and activation",
  name: activation,
  inputs: [normal([5, 7, 3]), normal([3, 9]), normal([9])],
  build: ([x, w, b]) => [ops[activation](ops.add(ops.matmul(x as Value, w as Value), b as Value))],
  tolerance: PRODUCT,
}));

const dropoutCase: OpCase = {
  op: "dropout",
  name: "rate 0.3",
  inputs: [normal([65, 7])],
  build: ([x]) => [ops.dropout(x as Value, 0.3, { counter: scalar(5, "int32"), seed: 7, stream: 3 })],
};

function cell(
  name: string,
  batch: number,
  units: number,
  wants: readonly ("h" | "c")[],
  activation: "tanh" | "relu" = "tanh",
): OpCase {
  return {
    op: "lstmCell",
    name,
    inputs: [normal([batch, 4 * units]), normal([batch, units])],
    build: ([z, c]) => {
      const result = ops.lstmCell(z as Value, c as Value, { activation });
      return wants.map((which) => result[which]);
    },
  };
}

/** Matrix products, dropout and the step of an LSTM. */
export const productCases: readonly OpCase[] = [
  ...matmuls,
  ...epilogues,
  dropoutCase,
  cell("both", 3, 5, ["h", "c"]),
  cell("h only", 7, 65, ["h"]),
  cell("c only", 1, 1, ["c"]),
  cell("relu", 257, 3, ["h", "c"], "relu"),
  {
    op: "lstmCell",
    name: "unrolled over three steps",
    inputs: [normal([2, 3, 3]), normal([3, 16]), normal([4, 16])],
    build: ([x, kernel, recurrent]) => {
      let h = ops.broadcastTo(scalar(0), [2, 4]);
      let c = h;
      for (let t = 0; t < 3; t++) {
        const xt = ops.reshape(ops.slice(x as Value, [0, t, 0], [2, 1, 3]), [2, 3]);
        ({ h, c } = ops.lstmCell(ops.add(ops.matmul(xt, kernel as Value), ops.matmul(h, recurrent as Value)), c));
      }
      return [h, c];
    },
    tolerance: { absolute: 1e-5, relative: 2e-5 },
  },
];
