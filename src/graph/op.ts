/** What an op is. One `defineOp` per op says all that a page needs of it, and an `OpReference` beside it what it means in float64. */
import type { KernelCall, Operand, TensorType } from "../core/kernel_call.ts";
import type { Shape } from "../core/shape.ts";
import { Operation, type Value } from "./operation.ts";

/** A tensor of the float64 reference. Every dtype is held in float64; a bool is 0 or 1. */
export interface ReferenceArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What an op knows when it says what comes out. */
export interface InferContext<A> {
  readonly inputs: readonly TensorType[];
  readonly attributes: A;
}

/** What an op knows when it builds its gradient. */
export interface VjpContext<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** One per output; null where the loss does not depend on that output. */
  readonly cotangents: readonly (Value | null)[];
  readonly attributes: A;
}

/** What an op knows when it is worked out in float64. */
export interface ReferenceContext<A> {
  readonly inputs: readonly ReferenceArray[];
  readonly outputs: readonly TensorType[];
  readonly attributes: A;
}

/** What an op knows when it becomes kernel calls. */
export interface LowerContext<A> {
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  /** False where nothing reads that output: a kernel may skip writing it. */
  readonly isUsed: readonly boolean[];
  readonly attributes: A;
}

/** What every op says of itself. */
interface OpBase<A> {
  readonly name: string;
  /** Types of the outputs. Throws ShapeError or DTypeError: at graph build, never at dispatch. */
  infer(context: InferContext<A>): readonly TensorType[];
  /**
   * One cotangent per input; null for inputs that have none (ids). A cotangent may keep the broadcast shape:
   * autograd sums it down to the input's.
   */
  vjp(context: VjpContext<A>): readonly (Value | null)[];
}

/** An op that kernels carry out. */
export interface KernelOp<A = unknown> extends OpBase<A> {
  readonly kind: "kernel";
  /** The kernel calls that compute it. */
  lower(context: LowerContext<A>): readonly KernelCall[];
}

/** An op that is a WGSL expression of its inputs' elements; fusion splices several into one kernel. */
export interface ElementwiseOp<A = unknown> extends OpBase<A> {
  readonly kind: "elementwise";
  /** `args` are WGSL expressions of type f32, i32 or bool by the inputs' dtypes; the result is of the output's. */
  wgsl(args: readonly string[], context: InferContext<A>): string;
  /** The same in float64: one element of the output, from the inputs' elements. */
  compute(args: readonly number[], attributes: A): number;
}

/** An op whose output is its input's buffer, or the beginning of it, under another shape. */
export interface ViewOp<A = unknown> extends OpBase<A> {
  readonly kind: "view";
}

/** An input, a variable or a constant. */
export interface LeafOp<A = unknown> extends OpBase<A> {
  readonly kind: "leaf";
}

/** An op of any kind. */
export type OpDefinition<A = unknown> = KernelOp<A> | ElementwiseOp<A> | ViewOp<A> | LeafOp<A>;

/** A definition that can be applied to values. */
export interface Op<A> {
  readonly definition: OpDefinition;
  (inputs: readonly Value[], attributes: A): readonly Value[];
}

/** Declares an op; call the result to apply it. */
export function defineOp<A>(definition: OpDefinition<A>): Op<A> {
  const apply = (inputs: readonly Value[], attributes: A) =>
    new Operation(definition as OpDefinition, inputs, attributes).outputs;
  return Object.assign(apply, { definition: definition as OpDefinition });
}

/**
 * What a kernel's op means, in float64 loops. It stands beside its op, but not in it: `ops/references.ts` lists them for the
 * interpreter, and a page that does not interpret leaves them out.
 */
export interface OpReference<A = never> {
  readonly op: Op<A>;
  readonly reference: (context: ReferenceContext<A>) => readonly ReferenceArray[];
}

/** The only output of an op that has one. */
export function only(values: readonly Value[]): Value {
  return values[0] as Value;
}
