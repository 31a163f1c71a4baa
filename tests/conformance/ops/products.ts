import { ops, type Shape, scalar, type Value } from "../../../src/index.ts";
import { lstmSweepOp } from "../../../src/ops/lstm.ts";
import { flags, ids, normal, type OpCase, type TensorSpec } from "./op_case.ts";

const PRODUCT = { absolute: 2e-5, relative: 2e-5 };

/** Batch axes of a and of b, then M, K, N. */
const MATMULS: readonly (readonly [Shape, Shape, readonly [number, number, number]])[] = [
  [[], [], [1, 1, 1]],
  [[], [], [3, 5, 7]],
  [[], [], [65, 7, 257]],
  [[], [], [7, 257, 5]],
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
        tolerance: PRODUCT,
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

interface SweepOptions {
  readonly batch: number;
  readonly time: number;
  readonly units: number;
  readonly initial?: boolean;
  readonly mask?: boolean;
  /** Which of `hidden` and `last` the loss depends on. */
  readonly wants?: readonly ("hidden" | "last")[];
  readonly activations?: Parameters<typeof ops.lstmSweep>[2];
  readonly isOnGpu?: boolean;
}

function sweep(name: string, options: SweepOptions): OpCase {
  const {
    batch,
    time,
    units,
    initial = false,
    mask = false,
    wants = ["hidden", "last"],
    activations,
    isOnGpu = true,
  } = options;
  const inputs: TensorSpec[] = [normal([batch, time, 4 * units]), normal([units, 4 * units], 1 / Math.sqrt(units))];
  if (initial) inputs.push(normal([2, batch, units]));
  if (mask) inputs.push(flags([batch, time]));
  return {
    op: "lstmSweep",
    name,
    inputs,
    build: ([x, recurrent, ...rest]) => {
      const result = ops.lstmSweep(x as Value, recurrent as Value, {
        ...activations,
        ...(initial && { initial: rest[0] as Value }),
        ...(mask && { mask: rest.at(-1) as Value }),
      });
      return wants.map((which) => result[which]);
    },
    tolerance: { absolute: 5e-6, relative: 5e-5 },
    isOnGpu,
  };
}

const small = { batch: 3, time: 5, units: 4 };

const sweeps: readonly OpCase[] = [
  sweep("plain", small),
  sweep("last only", { ...small, wants: ["last"] }),
  sweep("hidden only", { ...small, wants: ["hidden"], isOnGpu: false }),
  sweep("initial state", { ...small, initial: true, isOnGpu: false }),
  sweep("mask", { ...small, mask: true, isOnGpu: false }),
  sweep("initial state and mask", { ...small, initial: true, mask: true }),
  sweep("initial state and mask, last only", { ...small, initial: true, mask: true, wants: ["last"], isOnGpu: false }),
  sweep("one of everything", { batch: 1, time: 1, units: 1 }),
  sweep("one step, initial state", { batch: 2, time: 1, units: 7, initial: true, isOnGpu: false }),
  sweep("odd sizes", { batch: 7, time: 9, units: 65 }),
  sweep("many rows", { batch: 65, time: 3, units: 4, initial: true, mask: true }),
  sweep("many units", { batch: 1, time: 2, units: 257, isOnGpu: false }),
  ...(["relu", "linear", "softplus", "elu", "sigmoid"] as const).map((activation) =>
    sweep(`activation ${activation}`, { ...small, activations: { activation }, isOnGpu: false }),
  ),
  sweep("hard sigmoid gates", { ...small, activations: { recurrentActivation: "hard_sigmoid" } }),
  {
    op: "lstmSweep",
    name: "the saved gates",
    inputs: [normal([3, 5, 16]), normal([4, 16]), flags([3, 5])],
    build: ([x, recurrent, mask]) => {
      const { saved, last } = ops.lstmSweep(x as Value, recurrent as Value, { mask: mask as Value });
      // Gates of a masked step are unspecified; the cell is its last value.
      return [ops.slice(saved, [0, 0, 16], [3, 5, 4]), last];
    },
    withoutCotangent: [0],
  },
  {
    op: "lstmSweep",
    name: "rows by id",
    inputs: [normal([11, 16]), ids([3, 5], 11), normal([4, 16])],
    build: (values) => {
      const attributes = { activation: "tanh", recurrentActivation: "sigmoid" } as const;
      const [hidden, , last] = lstmSweepOp(values, { ...attributes, hasIds: true, hasInitial: false, hasMask: false });
      return [hidden as Value, last as Value];
    },
    tolerance: { absolute: 5e-6, relative: 5e-5 },
  },
  {
    op: "lstmSweep",
    name: "of a gathered projection, reversed",
    inputs: [normal([6, 3]), ids([4, 7], 6), normal([3, 20]), normal([5, 20], 0.5), normal([20])],
    build: ([table, list, kernel, recurrent, bias]) => {
      const x = ops.add(ops.matmul(ops.gather(table as Value, list as Value), kernel as Value), bias as Value);
      return [ops.lstmSweep(ops.reverse(x, 1), recurrent as Value).last];
    },
    tolerance: { absolute: 1e-5, relative: 5e-5 },
  },
];

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

/** Matrix products, dropout and the recurrent ops. */
export const productCases: readonly OpCase[] = [
  ...matmuls,
  ...epilogues,
  dropoutCase,
  ...sweeps,
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
