/**
 * How elementwise ops are declared: one WGSL expression, one float64 function, one vjp. All broadcast by NumPy's rule.
 */
import type { DType } from "../../core/dtype.ts";
import { DTypeError } from "../../core/errors.ts";
import { broadcastShapes } from "../../core/shape.ts";
import { defineOp, type Op, only } from "../../graph/op.ts";
import { scalar, Value } from "../../graph/operation.ts";

/** What elementwise ops take: a value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operandish = Value | number;

type NoAttributes = Readonly<Record<string, never>>;

interface ElementwiseSpec<A> {
  readonly name: string;
  /** The output's dtype; throws DTypeError when the inputs' do not fit. */
  readonly dtype: (dtypes: readonly DType[], attributes: A) => DType;
  readonly wgsl: (args: readonly string[], context: { dtypes: readonly DType[]; attributes: A }) => string;
  readonly compute: (args: readonly number[], attributes: A) => number;
  readonly vjp: (context: {
    readonly args: readonly Value[];
    readonly y: Value;
    readonly dy: Value;
    readonly attributes: A;
  }) => readonly (Value | null)[];
}

/** Declares an elementwise op with attributes. */
export function elementwise<A>(spec: ElementwiseSpec<A>): Op<A> {
  return defineOp<A>({
    kind: "elementwise",
    name: spec.name,
    infer: ({ inputs, attributes }) => [
      {
        shape: broadcastShapes(spec.name, ...inputs.map((input) => input.shape)),
        dtype: spec.dtype(
          inputs.map((input) => input.dtype),
          attributes,
        ),
      },
    ],
    wgsl: (args, { inputs, attributes }) => spec.wgsl(args, { dtypes: inputs.map((input) => input.dtype), attributes }),
    vjp: ({ inputs, outputs, cotangents, attributes }) =>
      spec.vjp({ args: inputs, y: only(outputs), dy: cotangents[0] as Value, attributes }),
    compute: spec.compute,
  });
}

/** A dtype rule: all inputs share one of `allowed`, which is also the output's. */
export function sameDType(name: string, allowed: readonly DType[]) {
  return (dtypes: readonly DType[]): DType => {
    const [first] = dtypes;
    if (first === undefined || !allowed.includes(first) || dtypes.some((dtype) => dtype !== first)) {
      throw new DTypeError(
        `${name}: got ${dtypes.join(" and ")}; expected ${dtypes.length > 1 ? "one dtype for all, of " : ""}${allowed.join(" or ")}. Use cast() to convert.`,
        { dtypes },
      );
    }
    return first;
  };
}

/** A number becomes a scalar constant of `dtype`. */
export function asValue(operand: Operandish, dtype: DType = "float32"): Value {
  return operand instanceof Value ? operand : scalar(operand, dtype);
}

/** Both operands as values; a number takes the other operand's dtype. */
export function asPair(a: Operandish, b: Operandish): [Value, Value] {
  const dtype = a instanceof Value ? a.dtype : b instanceof Value ? b.dtype : "float32";
  return [asValue(a, dtype), asValue(b, dtype)];
}

const NONE: NoAttributes = {};

/** Declares an op of one operand. */
export function unary(spec: {
  readonly name: string;
  readonly allowed?: readonly DType[];
  readonly wgsl: (x: string) => string;
  readonly compute: (x: number) => number;
  /** The cotangent of x. */
  readonly vjp: (x: Value, y: Value, dy: Value) => Value | null;
}): (x: Operandish) => Value {
  const op = elementwise<NoAttributes>({
    name: spec.name,
    dtype: sameDType(spec.name, spec.allowed ?? ["float32"]),
    wgsl: ([x]) => spec.wgsl(x as string),
    compute: ([x]) => spec.compute(x as number),
    vjp: ({ args, y, dy }) => [spec.vjp(args[0] as Value, y, dy)],
  });
  return (x) => only(op([asValue(x)], NONE));
}

/** Declares an op of two operands, with the output's dtype if it differs from theirs. */
export function binary(spec: {
  readonly name: string;
  readonly allowed?: readonly DType[];
  readonly result?: DType;
  readonly wgsl: (a: string, b: string, dtype: DType) => string;
  readonly compute: (a: number, b: number) => number;
  readonly vjp: (a: Value, b: Value, y: Value, dy: Value) => readonly [Value | null, Value | null];
}): (a: Operandish, b: Operandish) => Value {
  const rule = sameDType(spec.name, spec.allowed ?? ["float32", "int32"]);
  const op = elementwise<NoAttributes>({
    name: spec.name,
    dtype: (dtypes) => {
      const common = rule(dtypes);
      return spec.result ?? common;
    },
    wgsl: ([a, b], { dtypes }) => spec.wgsl(a as string, b as string, dtypes[0] as DType),
    compute: ([a, b]) => spec.compute(a as number, b as number),
    vjp: ({ args, y, dy }) => spec.vjp(args[0] as Value, args[1] as Value, y, dy),
  });
  return (a, b) => only(op(asPair(a, b), NONE));
}
