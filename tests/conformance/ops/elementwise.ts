import { constantValue, ops, type Shape, type Value } from "../../../src/index.ts";
import type { Tolerance } from "../../support/tolerance.ts";
import { apart, flags, given, normal, type OpCase, type TensorSpec, uniform, whole } from "./op_case.ts";

/** Shapes of two operands: equal at odd sizes, scalars, and broadcasting on either side. */
const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[1], [1]],
  [[7], [7]],
  [[65], []],
  [[257], [257]],
  [
    [3, 5],
    [3, 5],
  ],
  [[3, 5], [5]],
  [
    [3, 1],
    [1, 5],
  ],
  [[5], [2, 3, 5]],
  [
    [2, 1, 7],
    [3, 1],
  ],
];

const SIZES: readonly Shape[] = [[], [1], [7], [65], [257], [3, 5]];

type Fill = (shape: Shape) => TensorSpec;

const positive: Fill = (shape) => uniform(shape, 0.3, 3);

function binaryCases(
  op: string,
  build: (a: Value, b: Value) => Value,
  fills: readonly [Fill, Fill] = [normal, normal],
  options: Partial<OpCase> = {},
): OpCase[] {
  return PAIRS.map(([a, b]) => ({
    op,
    name: `[${a.join(", ")}] with [${b.join(", ")}]`,
    inputs: [fills[0](a), fills[1](b)],
    build: ([x, y]) => [build(x as Value, y as Value)],
    ...options,
  }));
}

function unaryCases(
  op: string,
  build: (x: Value) => Value,
  fill: Fill = (shape) => normal(shape, 2),
  options: Partial<OpCase> = {},
): OpCase[] {
  return SIZES.map((shape) => ({
    op,
    name: `[${shape.join(", ")}]`,
    inputs: [fill(shape)],
    build: ([x]) => [build(x as Value)],
    ...options,
  }));
}

/** Extreme arguments: the value must be right, and no gradient may become NaN. */
function extremeCases(
  op: string,
  build: (x: Value) => Value,
  elements: readonly number[],
  tolerance?: Tolerance,
): OpCase {
  return {
    op,
    name: `at ${elements.join(", ")}`,
    inputs: [given([elements.length], elements)],
    build: ([x]) => [build(x as Value)],
    ...(tolerance && { tolerance }),
  };
}

const noGradient = { hasGradient: false };
const LOOSE: Tolerance = { absolute: 5e-6, relative: 1e-4 };
/** Whole exponents, for bases of both signs. */
const EXPONENTS = { shape: [7], data: Float32Array.of(-2, -1, 0, 1, 2, 3, 4) };

const comparisons: readonly OpCase[] = (
  ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const
).flatMap((name) => [
  ...binaryCases(name, (a, b) => ops[name](a, b), [whole, whole], noGradient),
  ...binaryCases(name, (a, b) => ops[name](a, b), undefined, noGradient).slice(-2),
  {
    op: name,
    name: "inside where",
    inputs: [normal([7, 9]), normal([9]), normal([7, 9])],
    build: ([a, b, c]) => [ops.where(ops[name](a as Value, b as Value), ops.mul(a as Value, c as Value), b as Value)],
  },
]);

/** Arithmetic, activations, comparisons, choice and casts. */
export const elementwiseCases: readonly OpCase[] = [
  ...binaryCases("add", ops.add),
  ...binaryCases("add", ops.add, [whole, whole], noGradient).slice(-3),
  ...binaryCases("sub", ops.sub),
  ...binaryCases("mul", ops.mul),
  ...binaryCases("div", ops.div, [normal, apart]),
  ...binaryCases("pow", ops.pow, [positive, normal], { tolerance: LOOSE }),
  ...unaryCases("pow", (x) => ops.pow(x, 3), apart, { tolerance: LOOSE }),
  ...unaryCases("pow", (x) => ops.pow(x, -2), apart, { tolerance: LOOSE }).slice(-2),
  {
    op: "pow",
    name: "whole exponents of both signs",
    inputs: [apart([9, 7])],
    build: ([a]) => [ops.pow(a as Value, constantValue(EXPONENTS))],
    tolerance: LOOSE,
  },
  ...binaryCases("maximum", ops.maximum),
  ...binaryCases("minimum", ops.minimum),
  ...unaryCases("neg", ops.neg),
  ...unaryCases("exp", ops.exp),
  ...unaryCases("log", ops.log, positive),
  ...unaryCases("sqrt", ops.sqrt, positive),
  ...unaryCases("abs", ops.abs, apart),
  ...unaryCases("sign", ops.sign, apart),
  ...unaryCases("clip", (x) => ops.clip(x, -0.7, 0.9)),
  ...unaryCases("sigmoid", ops.sigmoid),
  extremeCases("sigmoid", ops.sigmoid, [-80, -20, 0, 20, 80]),
  ...unaryCases("tanh", ops.tanh),
  extremeCases("tanh", ops.tanh, [-1000, -20, -1e-4, 1e-4, 20, 1000]),
  ...unaryCases("relu", ops.relu, apart),
  ...unaryCases("softplus", ops.softplus),
  extremeCases("softplus", ops.softplus, [-80, -20, 0, 20, 80]),
  ...unaryCases("square", ops.square),
  ...unaryCases("stopGradient", ops.stopGradient, normal, noGradient),
  ...comparisons,
  ...unaryCases("logicalNot", ops.logicalNot, flags, noGradient),
  ...binaryCases("logicalAnd", ops.logicalAnd, [flags, flags], noGradient),
  ...binaryCases("logicalOr", ops.logicalOr, [flags, flags], noGradient),
  {
    op: "where",
    name: "all broadcast",
    inputs: [flags([3, 1, 1]), normal([5, 1]), normal([7])],
    build: ([condition, a, b]) => [ops.where(condition as Value, a as Value, b as Value)],
  },
  {
    op: "where",
    name: "with numbers",
    inputs: [flags([65]), normal([65])],
    build: ([condition, a]) => [ops.where(condition as Value, a as Value, 0.5)],
  },
  ...unaryCases(
    "cast",
    (x) => ops.cast(x, "int32"),
    (shape) => normal(shape, 9),
    noGradient,
  ),
  ...unaryCases("cast", (x) => ops.cast(x, "float32"), whole, noGradient).slice(0, 3),
  ...unaryCases("cast", (x) => ops.cast(x, "bool"), whole, noGradient).slice(0, 3),
  ...unaryCases("cast", (x) => ops.cast(x, "float32"), flags, noGradient).slice(0, 3),
  {
    op: "cast",
    name: "as a weight",
    inputs: [normal([7]), flags([7])],
    build: ([x, keep]) => [ops.mul(x as Value, ops.cast(keep as Value, "float32"))],
  },
  {
    op: "elementwise",
    name: "a long chain with shared parts",
    inputs: [normal([5, 13]), normal([13]), normal([5, 1]), uniform([5, 13], 0.5, 2)],
    build: ([a, b, c, d]) => {
      const left = ops.sigmoid(ops.add(ops.mul(a as Value, b as Value), c as Value));
      const right = ops.tanh(ops.sub(ops.div(a as Value, d as Value), left));
      return [ops.mul(left, ops.add(right, ops.log(d as Value))), right];
    },
  },
  {
    op: "elementwise",
    name: "more inputs than a kernel can bind",
    inputs: Array.from({ length: 19 }, () => normal([33])),
    build: (values) => [values.map((x) => ops.tanh(x)).reduce((a, b) => ops.add(ops.mul(a, 0.5), b))],
  },
];
