/** Arithmetic, comparisons, choice and casts: the elementwise ops. Each is one expression; fusion joins them. */
import type { DType } from "../../core/dtype.ts";
import { DTypeError, ValueError } from "../../core/errors.ts";
import { number, readValue } from "../../core/option_table.ts";
import { broadcastShapes } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out } from "../../graph/op.ts";
import { dtypeKind, expectValue, type Value } from "../../graph/operation.ts";
import type { ExpressionName } from "../../kernels/elementwise/elementwise.ts";
import { asPair, asValue, binary, type Operandish, type Unary, unary } from "./elementwise.ts";

const ALL: readonly DType[] = ["float32", "int32", "bool"];
const NUMBERS: readonly DType[] = ["float32", "int32"];
const FLOAT: readonly DType[] = ["float32"];
const BOOL: readonly DType[] = ["bool"];

/** a + b. */
export const add = binary({
  name: "add",
  compute: (a, b) => a + b,
  vjp: (_a, _b, _y, dy) => ({ a: dy, b: dy }),
});

/** a − b. */
export const sub = binary({
  name: "sub",
  compute: (a, b) => a - b,
  vjp: (_a, _b, _y, dy) => ({ a: dy, b: neg(dy) }),
});

/** a · b, element by element. */
export const mul = binary({
  name: "mul",
  compute: (a, b) => a * b,
  vjp: (a, b, _y, dy) => ({ a: mul(dy, b), b: mul(dy, a) }),
});

/** a / b. */
export const div = binary({
  name: "div",
  allowed: FLOAT,
  compute: (a, b) => a / b,
  vjp: (_a, b, y, dy) => ({ a: div(dy, b), b: neg(div(mul(dy, y), b)) }),
});

/** a to the power b; a negative base takes whole exponents only. The gradient by b is 0 where a ≤ 0. */
export const pow = binary({
  name: "pow",
  allowed: FLOAT,
  compute: (a, b) => a ** b,
  vjp: (a, b, y, dy) => ({
    a: mul(dy, mul(b, pow(a, sub(b, 1)))),
    b: mul(dy, where(greater(a, 0), mul(y, log(where(greater(a, 0), a, 1))), 0)),
  }),
});

/** The larger of a and b; where they are equal the gradient goes to a. */
export const maximum = binary({
  name: "maximum",
  compute: Math.max,
  vjp: (a, b, _y, dy) => ({ a: where(greaterEqual(a, b), dy, 0), b: where(greaterEqual(a, b), 0, dy) }),
});

/** The smaller of a and b; where they are equal the gradient goes to a. */
export const minimum = binary({
  name: "minimum",
  compute: Math.min,
  vjp: (a, b, _y, dy) => ({ a: where(lessEqual(a, b), dy, 0), b: where(lessEqual(a, b), 0, dy) }),
});

/** −x. */
export const neg = unary({
  name: "neg",
  allowed: NUMBERS,
  compute: (x) => -x,
  vjp: (_x, _y, dy) => neg(dy),
});

/** eˣ. */
export const exp = unary({
  name: "exp",
  compute: Math.exp,
  vjp: (_x, y, dy) => mul(dy, y),
});

/** The natural logarithm. */
export const log = unary({
  name: "log",
  compute: Math.log,
  vjp: (x, _y, dy) => div(dy, x),
});

/** The square root. */
export const sqrt = unary({
  name: "sqrt",
  compute: Math.sqrt,
  vjp: (_x, y, dy) => div(mul(dy, 0.5), y),
});

/** |x|; its gradient at 0 is 0. */
export const abs = unary({
  name: "abs",
  allowed: NUMBERS,
  compute: Math.abs,
  vjp: (x, _y, dy) => mul(dy, sign(x)),
});

/** −1, 0 or 1. */
export const sign = unary({
  name: "sign",
  allowed: NUMBERS,
  compute: Math.sign,
  vjp: () => undefined,
});

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = unary({
  name: "sigmoid",
  compute: (x) => 1 / (1 + Math.exp(-x)),
  vjp: (_x, y, dy) => mul(dy, mul(y, sub(1, y))),
});

/** The hyperbolic tangent. */
export const tanh = unary({
  name: "tanh",
  compute: Math.tanh,
  vjp: (_x, y, dy) => mul(dy, sub(1, mul(y, y))),
});

/** max(x, 0); its gradient at 0 is 0. */
export const relu = unary({
  name: "relu",
  compute: (x) => Math.max(x, 0),
  vjp: (_x, y, dy) => where(greater(y, 0), dy, 0),
});

/** log(1 + eˣ), without overflow. */
export const softplus = unary({
  name: "softplus",
  compute: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  vjp: (x, _y, dy) => mul(dy, sigmoid(x)),
});

const comparison = (name: ExpressionName, allowed: readonly DType[], compute: (a: number, b: number) => boolean) =>
  binary({
    name,
    allowed,
    result: "bool",
    compute: (a, b) => Number(compute(a, b)),
    vjp: () => ({}),
  });

/** a = b, as bool. */
export const equal = comparison("equal", ALL, (a, b) => a === b);
/** a ≠ b, as bool. */
export const notEqual = comparison("notEqual", ALL, (a, b) => a !== b);
/** a < b, as bool. */
export const less = comparison("less", NUMBERS, (a, b) => a < b);
/** a ≤ b, as bool. */
export const lessEqual = comparison("lessEqual", NUMBERS, (a, b) => a <= b);
/** a > b, as bool. */
export const greater = comparison("greater", NUMBERS, (a, b) => a > b);
/** a ≥ b, as bool. */
export const greaterEqual = comparison("greaterEqual", NUMBERS, (a, b) => a >= b);
/** a and b, both bool. */
export const logicalAnd = comparison("logicalAnd", BOOL, (a, b) => a !== 0 && b !== 0);
/** a or b, both bool. */
export const logicalOr = comparison("logicalOr", BOOL, (a, b) => a !== 0 || b !== 0);

/** Not x, of bool. */
export const logicalNot = unary({
  name: "logicalNot",
  allowed: BOOL,
  compute: (x) => Number(x === 0),
  vjp: () => undefined,
});

interface Choice {
  readonly condition: Value;
  readonly a: Value;
  readonly b: Value;
}

const whereOp = defineOp<Choice, NoAttributes, Out>({
  kind: "elementwise",
  name: "where",
  infer: ({ inputs: { condition, a, b } }) => {
    if (condition.dtype !== "bool" || a.dtype !== b.dtype) {
      const dtypes = [condition.dtype, a.dtype, b.dtype];
      throw new DTypeError(
        `where: got (${dtypes.join(", ")}); expected a bool condition and two choices of one dtype`,
        { dtypes },
      );
    }
    return { out: { shape: broadcastShapes("where", condition.shape, a.shape, b.shape), dtype: a.dtype } };
  },
  compute: ({ condition, a, b }) => (condition !== 0 ? a : b),
  vjp: ({ inputs: { condition }, cotangents: { out } }) => ({
    a: where(condition, out, 0),
    b: where(condition, 0, out),
  }),
});

/** a where `condition` (bool) holds, b elsewhere. */
export function where(condition: Value, a: Operandish, b: Operandish): Value {
  return whereOp({ condition, ...asPair(a, b) }, {}).out;
}

const castOp = defineOp<Unary, { readonly dtype: DType }, Out>({
  kind: "elementwise",
  name: "cast",
  infer: ({ inputs: { x }, attributes: { dtype } }) => ({ out: { shape: x.shape, dtype } }),
  compute: ({ x }, { dtype }) => (dtype === "float32" ? x : dtype === "bool" ? Number(x !== 0) : Math.trunc(x)),
  vjp: ({ inputs: { x }, cotangents: { out }, attributes: { dtype } }) =>
    dtype === "float32" && x.dtype === "float32" ? { x: out } : {},
});

/**
 * x as another dtype. To int32 it cuts toward zero; to bool it asks "not zero". Only float32 → float32 has a gradient.
 */
export function cast(x: Value, dtype: DType): Value {
  expectValue("cast", x);
  readValue("cast", "dtype", dtypeKind, dtype);
  return x.dtype === dtype ? x : castOp({ x }, { dtype }).out;
}

/** x limited to [low, high]; the gradient is 0 outside. */
export function clip(x: Operandish, low: number, high: number): Value {
  for (const [name, limit] of Object.entries({ low, high })) readValue("clip", name, number, limit);
  if (!(low <= high)) throw new ValueError(`clip: got limits ${low} and ${high}; expected low ≤ high`, { low, high });
  return minimum(maximum(asValue(x), low), high);
}

/** x · x. */
export function square(x: Value): Value {
  return mul(x, x);
}

/** x itself, through which no gradient flows. */
export const stopGradient = unary({
  name: "stopGradient",
  allowed: ALL,
  compute: (x) => x,
  vjp: () => undefined,
});
