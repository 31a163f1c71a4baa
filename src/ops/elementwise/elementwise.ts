/**
 * How elementwise ops are declared and run: one float64 function, one vjp, and by name a WGSL expression of
 * kernels/elementwise/elementwise.ts. All broadcast by NumPy's rule. Each runs as a step of the op `fused`, which the
 * fusion pass makes.
 */

import { at } from "../../core/at.ts";
import type { DType } from "../../core/dtype.ts";
import { DTypeError, ValueError } from "../../core/errors.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import type { ExpressionOperand, ExpressionStep } from "../../core/shader_recipe.ts";
import { broadcastShapes, broadcastStrides, type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Op, type Out, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { type ElementwiseOp, mapTensors, type OpDefinition, scalar, Value } from "../../graph/operation.ts";
import { type ExpressionName, elementwiseCall } from "../../kernels/elementwise/elementwise.ts";

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

/** Where an operand of a step comes from: an input of the fused operation, an earlier step, or a literal. */
export type StepArgument =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "step"; readonly index: number }
  | { readonly kind: "literal"; readonly value: number };

/** An operand of a step, with its type. */
export interface StepOperand extends TensorType {
  readonly from: StepArgument;
}

/** One of the fused operations. */
export interface FusedStep {
  readonly definition: ElementwiseOp;
  readonly attributes: unknown;
  /** By the names of the op's inputs. */
  readonly operands: Readonly<Record<string, StepOperand | readonly StepOperand[] | undefined>>;
  readonly type: TensorType;
}

/** All outputs are of one shape. */
export interface FusedAttributes {
  readonly shape: Shape;
  readonly steps: readonly FusedStep[];
  /** The steps whose results are the outputs. */
  readonly results: readonly number[];
}

interface FusedInputs {
  readonly values: readonly Value[];
}

interface FusedOutputs {
  readonly results: readonly Value[];
}

export const fusedOp = defineOp<FusedInputs, FusedAttributes, FusedOutputs>({
  kind: "kernel",
  name: "fused",
  infer: ({ attributes: { shape, steps, results } }) => ({
    results: results.map((step) => ({ shape, dtype: at(steps, step).type.dtype })),
  }),
  vjp: () => {
    throw new ValueError("fused: fusion comes after differentiation");
  },
  lower: ({ inputs: { values }, outputs, attributes: { steps, results } }) => [
    elementwiseCall(values, outputs.results, { steps: steps.map(expressionStep), results }),
  ],
});

function expressionStep({ definition, operands, type }: FusedStep): ExpressionStep {
  const named = Object.entries(operands).flatMap(([name, operand]) =>
    operand !== undefined && "from" in operand ? [[name, expressionOperand(operand)] as const] : [],
  );
  return { op: definition.name, operands: Object.fromEntries(named), dtype: type.dtype };
}

function expressionOperand({ from, dtype }: StepOperand): ExpressionOperand {
  if (from.kind === "literal") return { value: from.value, dtype };
  return from.kind === "input" ? { input: from.index } : { step: from.index };
}

export const fusedReference = referenceFor(fusedOp, ({ inputs, attributes: { steps, results } }) => {
  const values: ReferenceArray[] = [];
  for (const { definition, attributes, operands, type } of steps) {
    const own = mapTensors(operands, ({ from }: StepOperand): ReferenceArray => {
      if (from.kind === "literal") return { shape: [], data: Float64Array.of(from.value) };
      return at(from.kind === "input" ? inputs.values : values, from.index);
    });
    values.push(mapElements(definition, own, type, attributes));
  }
  return { results: results.map((step) => at(values, step)) };
});

/**
 * Fused operations of one `shape` as one: its outputs are theirs, one after another. Steps that several have are taken
 * once.
 */
export function joinFused(
  shape: Shape,
  members: readonly { readonly inputs: FusedInputs; readonly attributes: FusedAttributes }[],
): FusedOutputs {
  const values = [...new Set(members.flatMap(({ inputs }) => inputs.values))];
  const steps: FusedStep[] = [];
  const known = new Map<OpDefinition, Map<string, number>>();
  const results = members.flatMap(({ inputs: own, attributes }) => {
    const places: number[] = [];
    for (const step of attributes.steps) {
      const operands = mapTensors(step.operands, ({ from, ...type }: StepOperand): StepOperand => {
        if (from.kind === "literal") return { ...type, from };
        if (from.kind === "step") return { ...type, from: { kind: "step", index: at(places, from.index) } };
        return { ...type, from: { kind: "input", index: values.indexOf(at(own.values, from.index)) } };
      });
      const alike = known.get(step.definition) ?? new Map<string, number>();
      known.set(step.definition, alike);
      const literals = mapTensors(operands, ({ from }: StepOperand) => literalText(from));
      const key = JSON.stringify([step.attributes, step.type, operands, literals]);
      const place = alike.get(key) ?? steps.push({ ...step, operands }) - 1;
      alike.set(key, place);
      places.push(place);
    }
    return attributes.results.map((step) => at(places, step));
  });
  return fusedOp({ values }, { shape, steps, results });
}

/** What JSON does not tell apart: infinities, NaN and -0. */
const literalText = (argument: StepArgument) =>
  argument.kind === "literal" ? (Object.is(argument.value, -0) ? "-0" : String(argument.value)) : "";

type Arrays = Parameters<typeof mapTensors<ReferenceArray, unknown>>[0];

/** The output of an elementwise op. */
export function mapElements(
  { compute }: ElementwiseOp,
  inputs: Arrays,
  { shape }: TensorType,
  attributes: unknown,
): ReferenceArray {
  const data = new Float64Array(sizeOf(shape));
  const own = stridesOf(shape);
  let index = 0;
  const readers = mapTensors(inputs, (input: ReferenceArray) => {
    const strides = broadcastStrides(input.shape, shape);
    return () => {
      let offset = 0;
      let rest = index;
      own.forEach((stride, axis) => {
        offset += Math.floor(rest / stride) * at(strides, axis);
        rest %= stride;
      });
      return at(input.data, offset);
    };
  });
  for (; index < data.length; index++) {
    data[index] = compute(
      mapTensors(readers, (read: () => number) => read()),
      attributes,
    );
  }
  return { shape, data };
}
