/** The ops of a training step that a person does not call: batches, random numbers, checks, optimizer updates. */

import { at } from "../../../src/core/at.ts";
import { type Shape, scalar, type Value } from "../../../src/index.ts";
import { rowBatch, sequenceBatch } from "../../../src/ops/data/batch.ts";
import { randomUniform } from "../../../src/ops/data/random.ts";
import {
  adadeltaUpdate,
  adagradUpdate,
  adamaxUpdate,
  adamUpdate,
  ftrlUpdate,
  lionUpdate,
  nadamUpdate,
  type Update as OptimizerUpdate,
  optimizerUpdate,
  rmspropUpdate,
  sgdUpdate,
} from "../../../src/ops/optimizers/update.ts";
import { averageIfDue, weightAverage } from "../../../src/ops/optimizers/weight_average.ts";
import { checkFinite } from "../../../src/ops/reduce/check_finite.ts";
import { checksum } from "../../../src/ops/reduce/checksum.ts";
import { given, ids, normal, type OpCase, type TensorSpec, uniform, whole } from "./op_case.ts";

const ODD: readonly Shape[] = [[1], [7], [65], [257], [3, 5], [5, 13, 17]];

function one(
  op: string,
  name: string,
  inputs: readonly TensorSpec[],
  build: (...values: Value[]) => readonly Value[],
): OpCase {
  return { op, name, inputs, build: (values) => build(...values), hasGradient: false };
}

/** State, gradient, rates and status of an optimizer's step; squares are not negative. */
function stepInputs(shape: Shape, squares: readonly boolean[], status: number): TensorSpec[] {
  return [
    ...squares.map((isSquare) => (isSquare ? uniform(shape, 0.5, 2) : normal(shape))),
    normal(shape),
    given([6], [0.01, 0.0004, 0.02, 1.5, 0.9, 1]),
    given([1], [status], "int32"),
  ];
}

type Update = (state: Value[], step: { gradient: Value; rates: Value; status: Value }) => readonly Value[];

function updates(name: string, squares: readonly boolean[], update: Update): OpCase[] {
  const build = (...values: Value[]) => {
    const [gradient, rates, status] = values.slice(-3) as [Value, Value, Value];
    return update(values.slice(0, -3), { gradient, rates, status });
  };
  return [
    ...ODD.map((shape) =>
      one("optimizer steps", `${name} [${shape.join(", ")}]`, stepInputs(shape, squares, 0), build),
    ),
    one("optimizer steps", `${name} held back by the status`, stepInputs([65], squares, 3), build),
  ];
}

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const RMSPROP = { rho: 0.9, epsilon: 1e-7 };

/** One step of a rule, whose state is w and these slots. */
const step =
  <C>(rule: OptimizerUpdate<C>, slots: readonly string[], constants: C): Update =>
  (state, inputs) => {
    const named = Object.fromEntries(slots.map((slot, index) => [slot, at(state, index + 1)]));
    const next = optimizerUpdate(rule, { ...named, w: at(state, 0) }, inputs, constants);
    return ["w", ...slots].map((slot) => next[slot]).filter((value) => value !== undefined);
  };

const optimizerSteps: readonly OpCase[] = [
  ...updates("sgd", [false], step(sgdUpdate, [], { momentum: 0, nesterov: false })),
  ...updates("momentum", [false, false], step(sgdUpdate, ["momentum"], { momentum: 0.9, nesterov: false })),
  ...updates("nesterov", [false, false], step(sgdUpdate, ["momentum"], { momentum: 0.9, nesterov: true })),
  ...updates("adam", [false, false, true], step(adamUpdate, ["m", "v"], ADAM)),
  ...updates("amsgrad", [false, false, true, true], step(adamUpdate, ["m", "v", "vMax"], ADAM)),
  ...updates("rmsprop", [false, true], step(rmspropUpdate, ["velocity"], { ...RMSPROP, momentum: 0 })),
  ...updates(
    "rmsprop, momentum",
    [false, true, false],
    step(rmspropUpdate, ["velocity", "momentum"], { ...RMSPROP, momentum: 0.5 }),
  ),
  ...updates("adagrad", [false, true], step(adagradUpdate, ["accumulator"], { epsilon: 1e-7 })),
  ...updates(
    "adadelta",
    [false, true, true],
    step(adadeltaUpdate, ["accumulatedGradient", "accumulatedDelta"], { rho: 0.9, epsilon: 1e-7 }),
  ),
  ...updates("nadam", [false, false, true], step(nadamUpdate, ["m", "v"], ADAM)),
  ...updates("lion", [false, false], step(lionUpdate, ["momentum"], { beta1: 0.9, beta2: 0.999 })),
  ...updates("adamax", [false, false, true], step(adamaxUpdate, ["m", "u"], ADAM)),
  ...updates(
    "ftrl",
    [false, true, false],
    step(ftrlUpdate, ["accumulator", "linear"], { power: 0.5, l1: 0.1, shrinkage: 0.05 }),
  ),
  ...updates("average", [false, false], ([w, average], step) => {
    const averaged = weightAverage(average as Value, w as Value, step);
    return [averageIfDue(averaged, w as Value, step), averaged];
  }),
];

const order = given([5], [4, 2, 0, 1, 3], "int32");
const position = (at: number) => given([], [at], "int32");

const batches: readonly OpCase[] = [
  one("batches", "rows of a matrix", [normal([5, 7]), order, position(2)], (x, list, at) => [
    rowBatch(x as Value, list as Value, at as Value, 3),
  ]),
  one("batches", "ids, one column", [whole([5]), order, position(0)], (x, list, at) => [
    rowBatch(x as Value, list as Value, at as Value, 5),
  ]),
  one("batches", "rows of a cube", [normal([5, 3, 65]), order, position(4)], (x, list, at) => [
    rowBatch(x as Value, list as Value, at as Value, 1),
  ]),
  ...[true, false].flatMap((paddingPre) =>
    [3, 7, 65].map((length) =>
      one(
        "batches",
        `sequences of ${length}, padded ${paddingPre ? "before" : "after"}`,
        // Rows of 3, 0, 6, 1 and 2 ids.
        [ids([12], 50), given([6], [0, 3, 3, 9, 10, 12], "int32"), order, position(1)],
        (list, offsets, permutation, at) => [
          sequenceBatch(
            { ids: list as Value, offsets: offsets as Value, permutation: permutation as Value, position: at as Value },
            { batchSize: 4, length, paddingPre },
          ),
        ],
      ),
    ),
  ),
];

const EXACT = { absolute: 0, relative: 0 };

const random: readonly OpCase[] = ODD.map((shape) => ({
  ...one("randomUniform", `[${shape.join(", ")}]`, [position(12345)], (counter) => [
    randomUniform(shape, { counter: counter as Value, seed: 0xdeadbeef, stream: 0x20000001 }),
  ]),
  tolerance: EXACT,
}));

const NOT_FINITE: readonly (readonly [string, number, number])[] = [
  ["all finite", 1, 0],
  ["all finite, after a fault", 1, 4],
  ["an infinity", Number.POSITIVE_INFINITY, 0],
  ["an infinity, after a fault", Number.NEGATIVE_INFINITY, 4],
  ["a NaN", Number.NaN, 0],
];

const finite: readonly OpCase[] = NOT_FINITE.flatMap(([name, element, status]) =>
  [0, 64, 256].map((at) => {
    const elements = Array.from({ length: 257 }, (_, index) => (index === at ? element : index / 7));
    const inputs = [given([257], elements), normal([3]), given([1], [status], "int32")];
    return one("checkFinite", `${name} at ${at}`, inputs, (x, y, state) => [
      checkFinite([y as Value, x as Value], state as Value, scalar(6, "int32")),
    ]);
  }),
);

const checksums: readonly OpCase[] = [
  ...ODD.map((shape) => [normal(shape)]),
  [whole([257]), normal([3, 5]), given([2], [-0, 0]), given([], [7], "int32")],
].map((tensors, index) => ({
  ...one("checksum", `${index}`, [...tensors, given([1], [2 ** 31 - 5], "int32")], (...values) => [
    checksum(values.slice(0, -1), values.at(-1) as Value),
  ]),
  tolerance: EXACT,
}));

/** By op, in the form of `casesByOp`. */
export const stepOpCases: readonly (readonly [string, readonly OpCase[]])[] = [
  ["optimizer steps", optimizerSteps],
  ["batches", batches],
  ["randomUniform", random],
  ["checkFinite", finite],
  ["checksum", checksums],
];
