import { ops, type Shape, type Value } from "../../../src/index.ts";
import { scatterAdd } from "../../../src/ops/data/gather.ts";
import { shiftTime } from "../../../src/ops/data/movement.ts";
import { given, ids, normal, type OpCase, type TensorSpec, whole } from "./op_case.ts";

type Build = (...values: Value[]) => Value;

function one(
  op: string,
  name: string,
  inputs: readonly TensorSpec[],
  build: Build,
  options: Partial<OpCase> = {},
): OpCase {
  return { op, name, inputs, build: (values) => [build(...values)], ...options };
}

const noGradient = { hasGradient: false };
/** Long sums lose digits to cancelling. */
const SUMS = { tolerance: { absolute: 2e-5, relative: 1e-5 } };

const REDUCED: readonly (readonly [Shape, readonly number[] | undefined])[] = [
  [[], undefined],
  [[1], [0]],
  [[7], undefined],
  [[257], [0]],
  [[65, 3], [0]],
  [[3, 65], [1]],
  [[3, 65], [-1]],
  [
    [4, 5, 6],
    [0, 2],
  ],
  [[4, 5, 6], [1]],
  [
    [4, 5, 6],
    [1, 2],
  ],
  [[2, 3, 4, 5], undefined],
  [[5000], undefined],
];

function reductions(op: "sum" | "mean" | "max"): OpCase[] {
  return REDUCED.flatMap(([shape, axes]) =>
    [false, true].map((keepDims) =>
      one(
        op,
        `[${shape.join(", ")}] over ${axes ? `[${axes.join(", ")}]` : "all"}${keepDims ? ", kept" : ""}`,
        [normal(shape)],
        (x) => ops[op](x, { keepDims, ...(axes && { axes }) }),
        SUMS,
      ),
    ),
  );
}

const SOFTMAX_SHAPES: readonly Shape[] = [[1], [7], [3, 65], [2, 3, 5], [2, 257], [5, 1]];

/** Reductions, movements, softmax, gather and scatter-add. */
export const shapeCases: readonly OpCase[] = [
  ...reductions("sum"),
  ...reductions("mean"),
  ...reductions("max"),
  one("max", "with equals", [given([2, 4], [1, 3, 3, 0, -2, -2, -2, -2])], (x) => ops.max(x, { axes: 1 }), noGradient),
  ...[0, 1, -1].map((axis) => one("argmax", `axis ${axis}`, [normal([7, 65])], (x) => ops.argmax(x, axis), noGradient)),
  one(
    "argmax",
    "the first among equals",
    [given([2, 4], [1, 3, 3, 0, -2, -2, -2, -2])],
    (x) => ops.argmax(x),
    noGradient,
  ),
  one("argmax", "[1, 1]", [normal([1, 1])], (x) => ops.argmax(x), noGradient),
  one("broadcastTo", "[] to [7]", [normal([])], (x) => ops.broadcastTo(x, [7])),
  one("broadcastTo", "[3, 1] to [2, 3, 5]", [normal([3, 1])], (x) => ops.broadcastTo(x, [2, 3, 5])),
  one("broadcastTo", "[257] to [2, 257]", [normal([257])], (x) => ops.broadcastTo(x, [2, 257])),
  one("broadcastTo", "int32", [whole([1, 7])], (x) => ops.broadcastTo(x, [5, 7]), noGradient),
  one("reshape", "to fewer axes", [normal([3, 5, 7])], (x) => ops.reshape(x, [15, -1])),
  one("reshape", "of an input and back", [normal([6])], (x) => ops.mul(ops.reshape(ops.reshape(x, [2, 3]), [3, 2]), 2)),
  one("reshape", "as an output by itself", [normal([1, 65])], (x) => ops.reshape(x, [65, 1])),
  one("expandDims", "in the middle", [normal([3, 5])], (x) => ops.mul(ops.expandDims(x, 1), 3)),
  one("transpose", "[7, 5]", [normal([7, 5])], (x) => ops.transpose(x)),
  one("transpose", "[2, 3, 5] by [1, 2, 0]", [normal([2, 3, 5])], (x) => ops.transpose(x, [1, 2, 0])),
  one("transpose", "[2, 3, 4, 5] by [3, 1, 0, 2]", [normal([2, 3, 4, 5])], (x) => ops.transpose(x, [3, 1, 0, 2])),
  one("transpose", "int32", [whole([65, 3])], (x) => ops.transpose(x), noGradient),
  one("slice", "[65] from 7", [normal([65])], (x) => ops.slice(x, [7], [19])),
  one("slice", "a box", [normal([4, 5, 6])], (x) => ops.slice(x, [1, 0, 2], [2, 5, 3])),
  one("slice", "overlapping slices add up", [normal([9])], (x) =>
    ops.mul(ops.slice(x, [0], [6]), ops.slice(x, [3], [6])),
  ),
  one("pad", "on both sides", [normal([3, 4])], (x) => ops.pad(x, [1, 2], [0, 3])),
  one("pad", "one axis of three", [normal([2, 3, 5])], (x) => ops.pad(x, [0, 2, 0], [0, 0, 0])),
  one("shiftTime", "[2, 7, 3]", [normal([2, 7, 3])], (x) => shiftTime(x)),
  one("shiftTime", "of one step", [normal([2, 1, 3])], (x) => shiftTime(x)),
  one("concat", "last axis", [normal([3, 2]), normal([3, 5])], (a, b) => ops.concat([a, b])),
  one("concat", "first axis of three", [normal([1, 4]), normal([7, 4]), normal([2, 4])], (a, b, c) =>
    ops.concat([a, b, c], 0),
  ),
  one("concat", "one tensor twice", [normal([2, 3, 2])], (a) => ops.concat([a, a], 1)),
  one(
    "concat",
    "twelve parts",
    Array.from({ length: 12 }, () => normal([2, 3])),
    (...all) => ops.concat(all, 1),
  ),
  one("stack", "axis 0", [normal([3, 4]), normal([3, 4])], (a, b) => ops.stack([a, b])),
  one("stack", "axis 1", [normal([3, 4]), normal([3, 4]), normal([3, 4])], (a, b, c) => ops.stack([a, b, c], 1)),
  one("reverse", "axis 1 of [2, 7, 3]", [normal([2, 7, 3])], (x) => ops.reverse(x, 1)),
  // What counts in fours is copied in vectors of four.
  one("transpose", "[3, 2, 8] by [1, 0, 2]", [normal([3, 2, 8])], (x) => ops.transpose(x, [1, 0, 2])),
  one("slice", "fours of fours", [normal([3, 5, 12])], (x) => ops.slice(x, [1, 2, 4], [2, 3, 8])),
  one("slice", "fours, the offset not", [normal([3, 12])], (x) => ops.slice(x, [0, 2], [3, 8])),
  one("pad", "fours along two axes", [normal([2, 3, 4])], (x) => ops.pad(x, [0, 1, 4], [1, 0, 8])),
  one("concat", "fours on the last axis", [normal([3, 4]), normal([3, 8])], (a, b) => ops.concat([a, b])),
  one("concat", "fours beside an odd size", [normal([3, 4]), normal([3, 5])], (a, b) => ops.concat([a, b])),
  one("reverse", "axis 1 of [2, 7, 8]", [normal([2, 7, 8])], (x) => ops.reverse(x, 1)),
  one("reverse", "[257]", [normal([257])], (x) => ops.reverse(x, 0)),
  ...SOFTMAX_SHAPES.flatMap((shape) => [
    one("softmax", `[${shape.join(", ")}]`, [normal(shape, 2)], (x) => ops.softmax(x)),
    one("logSoftmax", `[${shape.join(", ")}]`, [normal(shape, 2)], (x) => ops.logSoftmax(x)),
  ]),
  one("softmax", "large logits", [given([2, 3], [900, 899, -900, 0, -80, -1000])], (x) => ops.softmax(x)),
  one("logSoftmax", "large logits", [given([2, 3], [900, 899, -900, 0, -80, -1000])], (x) => ops.logSoftmax(x), {
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  }),
  one("unstack", "[3, 4, 2] along 1", [normal([3, 4, 2])], (x) =>
    ops.concat(
      ops.unstack(x, 1).filter((_, index) => index !== 2),
      1,
    ),
  ),
  one("unstack", "[5, 1, 3] along 0", [normal([5, 1, 3])], (x) =>
    ops.add(ops.unstack(x, 0)[1] as Value, ops.unstack(x, 0)[4] as Value),
  ),
  one("gather", "[7, 5] by [3, 4]", [normal([7, 5]), ids([3, 4], 7)], (table, list) => ops.gather(table, list)),
  one("gather", "[65] by [257]", [normal([65]), ids([257], 65)], (table, list) => ops.gather(table, list), SUMS),
  one("gather", "[3, 2, 4] by one id", [normal([3, 2, 4]), ids([], 3)], (table, list) => ops.gather(table, list)),
  one("gather", "all ids the same", [normal([4, 3]), given([9], Array(9).fill(2), "int32")], (table, list) =>
    ops.gather(table, list),
  ),
  one("gather", "int32 rows", [whole([7, 2]), ids([65], 7)], (table, list) => ops.gather(table, list), noGradient),
  one("gather", "an id outside gives zeros", [normal([3, 2]), given([3], [-1, 3, 1], "int32")], (table, list) =>
    ops.gather(table, list),
  ),
  one("scatterAdd", "[12, 5] into [7, 5]", [normal([12, 5]), ids([12], 7)], (x, list) => scatterAdd(x, list, 7)),
  one("scatterAdd", "[3, 4, 2] into [5, 2]", [normal([3, 4, 2]), ids([3, 4], 5)], (x, list) => scatterAdd(x, list, 5)),
  one("scatterAdd", "1000 rows into 3", [normal([1000, 3]), ids([1000], 3)], (x, list) => scatterAdd(x, list, 3), {
    tolerance: { absolute: 1e-4, relative: 1e-5 },
  }),
  one("scatterAdd", "few rows into 257", [normal([7, 3]), ids([7], 257)], (x, list) => scatterAdd(x, list, 257)),
  one("scatterAdd", "one row", [normal([1, 1]), ids([1], 1)], (x, list) => scatterAdd(x, list, 1)),
];
