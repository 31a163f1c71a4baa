/** Ops whose tensors are still lists. */
import type { KernelCall, Operand, TensorType } from "../core/kernel_call.ts";
import { defineOp, type Op, type OpReference, type ReferenceArray, referenceFor } from "./op.ts";
import type { OpDefinition, Value } from "./operation.ts";

export interface ListIn {
  readonly operands: readonly Value[];
}
export interface ListOut {
  readonly results: readonly Value[];
}
interface Base<A> {
  readonly name: string;
  infer(context: { readonly inputs: readonly TensorType[]; readonly attributes: A }): readonly TensorType[];
  vjp(context: {
    readonly inputs: readonly Value[];
    readonly outputs: readonly Value[];
    readonly cotangents: readonly (Value | null)[];
    readonly attributes: A;
  }): readonly (Value | null)[];
}
export interface PositionalKernelOp<A> extends Base<A> {
  readonly kind: "kernel";
  lower(context: {
    readonly inputs: readonly Operand[];
    readonly outputs: readonly Operand[];
    readonly isUsed: readonly boolean[];
    readonly attributes: A;
  }): readonly KernelCall[];
}
export interface PositionalElementwiseOp<A> extends Base<A> {
  readonly kind: "elementwise";
  wgsl(args: readonly string[], context: { readonly inputs: readonly TensorType[]; readonly attributes: A }): string;
  compute(args: readonly number[], attributes: A): number;
}
export interface PositionalViewOp<A> extends Base<A> {
  readonly kind: "view";
}
export interface PositionalOp<A> {
  (inputs: readonly Value[], attributes: A): readonly Value[];
  readonly definition: OpDefinition;
  readonly op: Op<ListIn, A, ListOut>;
}

export function definePositionalOp<A>(
  old: PositionalKernelOp<A> | PositionalElementwiseOp<A> | PositionalViewOp<A>,
): PositionalOp<A> {
  const base = {
    name: old.name,
    infer: (context: { inputs: { operands: readonly TensorType[] }; attributes: A }) => ({
      results: old.infer({ inputs: context.inputs.operands, attributes: context.attributes }),
    }),
    vjp: (context: {
      inputs: ListIn;
      outputs: ListOut;
      cotangents: { readonly results: readonly (Value | undefined)[] };
      attributes: A;
    }) => ({
      operands: old
        .vjp({
          inputs: context.inputs.operands,
          outputs: context.outputs.results,
          cotangents: context.outputs.results.map((_, index) => context.cotangents.results[index] ?? null),
          attributes: context.attributes,
        })
        .map((value) => value ?? undefined),
    }),
  };
  const extra =
    old.kind === "kernel"
      ? {
          lower: (context: {
            inputs: { operands: readonly Operand[] };
            outputs: { results: readonly Operand[] };
            isUsed: { results: readonly boolean[] };
            attributes: A;
          }) =>
            old.lower({
              inputs: context.inputs.operands,
              outputs: context.outputs.results,
              isUsed: context.isUsed.results,
              attributes: context.attributes,
            }),
        }
      : old.kind === "elementwise"
        ? {
            wgsl: (
              args: { operands: readonly string[] },
              context: { inputs: { operands: readonly TensorType[] }; attributes: A },
            ) => old.wgsl(args.operands, { inputs: context.inputs.operands, attributes: context.attributes }),
            compute: (args: { operands: readonly number[] }, attributes: A) => old.compute(args.operands, attributes),
          }
        : {};
  const op = defineOp<ListIn, A, ListOut>({ ...base, ...extra, kind: old.kind } as unknown as OpDefinition<
    ListIn,
    A,
    ListOut
  >);
  const apply = (inputs: readonly Value[], attributes: A) => op({ operands: inputs }, attributes).results;
  return Object.assign(apply, { definition: op.definition, op });
}

export interface PositionalReference<A = never> {
  readonly op: PositionalOp<A>;
  readonly reference: (context: {
    readonly inputs: readonly ReferenceArray[];
    readonly outputs: readonly TensorType[];
    readonly attributes: A;
  }) => readonly ReferenceArray[];
}

export function positionalReference<A>({ op: { op }, reference }: PositionalReference<A>): OpReference {
  return referenceFor(op, ({ inputs, outputs, attributes }) => ({
    results: reference({ inputs: inputs.operands, outputs: outputs.results, attributes }),
  }));
}

/** The only output of an op that has one. */
export function only(values: readonly Value[]): Value {
  return values[0] as Value;
}
