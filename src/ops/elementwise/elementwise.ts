/**
 * How elementwise ops are declared: one float64 function, one vjp, and by name a WGSL expression of
 * kernels/elementwise/elementwise.ts. All broadcast by NumPy's rule.
 */
import type { DType } from "../../core/dtype.ts";
import { DTypeError } from "../../core/errors.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import { broadcastShapes } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Op, type Out } from "../../graph/op.ts";
import { scalar, Value } from "../../graph/operation.ts";
import type { ExpressionName } from "../../kernels/elementwise/elementwise.ts";

/** What elementwise ops take: a value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operandish = Value | number;

const NONE: NoAttributes = {};

/**
 * The dtype that all inputs share.
 * @throws DTypeError when they differ, or it is none of `allowed`.
 */
export function sharedDType(name: string, allowed: readonly DType[], inputs: readonly TensorType[]): DType {
  const dtypes = inputs.map(({ dtype }) => dtype);
  const [first] = dtypes;
  if (first === undefined || !allowed.includes(first) || dtypes.some((dtype) => dtype !== first)) {
    throw new DTypeError(
      `${name}: got ${dtypes.join(" and ")}; expected ` +
        `${dtypes.length > 1 ? "one dtype for all, of " : ""}${allowed.join(" or ")}. Use cast() to convert.`,
      { dtypes },
    );
  }
  return first;
}

/** A number becomes a scalar constant of `dtype`. */
export function asValue(operand: Operandish, dtype: DType = "float32"): Value {
  return operand instanceof Value ? operand : scalar(operand, dtype);
}

/** Both operands as values; a number takes the other operand's dtype. */
export function asPair(a: Operandish, b: Operandish): { readonly a: Value; readonly b: Value } {
  const dtype = a instanceof Value ? a.dtype : b instanceof Value ? b.dtype : "float32";
  return { a: asValue(a, dtype), b: asValue(b, dtype) };
}

/** The input of an op of one operand. */
export interface Unary {
  readonly x: Value;
}

/** A function of one operand; passes look for its op. */
export interface UnaryFunction {
  (x: Operandish): Value;
  readonly op: Op<Unary, NoAttributes, Out>;
}

/** Declares an op of one operand. */
export function unary(spec: {
  readonly name: ExpressionName;
  readonly allowed?: readonly DType[];
  readonly compute: (x: number) => number;
  /** The cotangent of x, if it has one. */
  readonly vjp: (x: Value, y: Value, dy: Value) => Value | undefined;
}): UnaryFunction {
  const { name, allowed = ["float32"] } = spec;
  const op = defineOp<Unary, NoAttributes, Out>({
    kind: "elementwise",
    name,
    infer: ({ inputs: { x } }) => ({ out: { shape: x.shape, dtype: sharedDType(name, allowed, [x]) } }),
    compute: ({ x }) => spec.compute(x),
    vjp: ({ inputs: { x }, outputs: { out }, cotangents }) => ({ x: spec.vjp(x, out, cotangents.out) }),
  });
  return Object.assign((x: Operandish) => op({ x: asValue(x) }, NONE).out, { op });
}

/** The inputs of an op of two operands. */
export interface Binary {
  readonly a: Value;
  readonly b: Value;
}

/** A function of two operands; passes look for its op. */
export interface BinaryFunction {
  (a: Operandish, b: Operandish): Value;
  readonly op: Op<Binary, NoAttributes, Out>;
}

/** Declares an op of two operands, with the output's dtype if it differs from theirs. */
export function binary(spec: {
  readonly name: ExpressionName;
  readonly allowed?: readonly DType[];
  readonly result?: DType;
  readonly compute: (a: number, b: number) => number;
  readonly vjp: (a: Value, b: Value, y: Value, dy: Value) => { readonly a?: Value; readonly b?: Value };
}): BinaryFunction {
  const { name, allowed = ["float32", "int32"] } = spec;
  const op = defineOp<Binary, NoAttributes, Out>({
    kind: "elementwise",
    name,
    infer: ({ inputs: { a, b } }) => {
      const common = sharedDType(name, allowed, [a, b]);
      return { out: { shape: broadcastShapes(name, a.shape, b.shape), dtype: spec.result ?? common } };
    },
    compute: ({ a, b }) => spec.compute(a, b),
    vjp: ({ inputs: { a, b }, outputs: { out }, cotangents }) => spec.vjp(a, b, out, cotangents.out),
  });
  return Object.assign((a: Operandish, b: Operandish) => op(asPair(a, b), NONE).out, { op });
}
