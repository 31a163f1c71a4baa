/**
 * Declaring ops. One `defineOp` per op says all that a page needs of it; an `OpReference` beside it computes it in
 * float64.
 */
import type { TensorType } from "../core/kernel_call.ts";
import type { Shape } from "../core/shape.ts";
import {
  type Applied,
  type NamedTensors,
  type OpDefinition,
  Operation,
  type TensorsOf,
  type Value,
} from "./operation.ts";

/** A definition that can be applied to values. */
export interface Op<I extends NamedTensors<I>, A, O extends NamedTensors<O>> {
  (inputs: I, attributes: A): O;
  readonly definition: OpDefinition;
  /** Whether an operation applies this op; if so, its inputs, attributes and outputs have this op's types. */
  matches<T extends Applied>(applied: T): applied is T & Applied<I, A, O>;
}

/** The attributes of an op that has none. */
export type NoAttributes = Readonly<Record<string, never>>;

/** The tensors of an op that has one output. */
export interface Out {
  readonly out: Value;
}

/** Declares an op; call the result to apply it. */
export function defineOp<I extends NamedTensors<I>, A, O extends NamedTensors<O>>(
  definition: OpDefinition<I, A, O>,
): Op<I, A, O> {
  // The one place where an op's types are forgotten, and the one where they are known again.
  const erased = definition as unknown as OpDefinition;
  const apply = (inputs: I, attributes: A) => new Operation(erased, inputs, attributes).outputs as O;
  const matches = <T extends Applied>(applied: T): applied is T & Applied<I, A, O> => applied.definition === erased;
  return Object.assign(apply, { definition: erased, matches });
}

/** A tensor of the float64 reference. Every dtype is held in float64; a bool is 0 or 1. */
export interface ReferenceArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What an op's float64 reference is given. */
export interface ReferenceContext<I, A, O> {
  readonly inputs: TensorsOf<I, ReferenceArray>;
  readonly outputs: TensorsOf<O, TensorType>;
  readonly attributes: A;
}

/** Computes an op in float64. */
export type Reference<I, A, O> = (context: ReferenceContext<I, A, O>) => TensorsOf<O, ReferenceArray>;

/** The reference of an op whose types were forgotten. */
export type ErasedReference = Reference<Tensors, unknown, Tensors>;
type Tensors = Readonly<Record<string, Value | readonly Value[] | undefined>>;

/**
 * A kernel op's float64 reference. It stands beside its op, but not in it: `ops/references.ts` lists them for the
 * interpreter, and a page that does not interpret leaves them out.
 */
export interface OpReference {
  readonly definition: OpDefinition;
  readonly reference: ErasedReference;
}

/** The float64 reference of `op`. */
export function referenceFor<I extends NamedTensors<I>, A, O extends NamedTensors<O>>(
  op: Op<I, A, O>,
  reference: Reference<I, A, O>,
): OpReference {
  return { definition: op.definition, reference: reference as unknown as ErasedReference };
}
