/** Several elementwise operations as one kernel. Made by the fusion pass; every elementwise operation runs through it. */
import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import type { Operand, TensorType } from "../core/kernel_call.ts";
import type { Shape } from "../core/shape.ts";
import { defineOp, type ElementwiseOp, type ReferenceArray } from "../graph/op.ts";
import { elementwiseCall, literal } from "../kernels/elementwise.ts";

/** Where an operand of a step comes from: an input of the fused operation, an earlier step, or a literal. */
export type StepArgument =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "step"; readonly index: number }
  | { readonly kind: "literal"; readonly value: number };

/** One of the fused operations. */
export interface FusedStep {
  readonly definition: ElementwiseOp;
  readonly attributes: unknown;
  readonly args: readonly StepArgument[];
  readonly argTypes: readonly TensorType[];
  readonly type: TensorType;
}

/** The last step's result is the output. */
export interface FusedAttributes {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly steps: readonly FusedStep[];
}

export const fusedOp = defineOp<FusedAttributes>({
  kind: "kernel",
  name: "fused",
  infer: ({ attributes: { shape, dtype } }) => [{ shape, dtype }],
  vjp: () => {
    throw new ValueError("fused: fusion comes after differentiation");
  },
  reference: ({ inputs, attributes: { steps } }) => {
    const results: ReferenceArray[] = [];
    for (const { definition, attributes, args, type } of steps) {
      const values = args.map((argument): ReferenceArray => {
        if (argument.kind === "literal") return { shape: [], data: Float64Array.of(argument.value) };
        return (argument.kind === "input" ? inputs : results)[argument.index] as ReferenceArray;
      });
      results.push(definition.reference({ inputs: values, outputs: [type], attributes })[0] as ReferenceArray);
    }
    return [results.at(-1) as ReferenceArray];
  },
  lower: ({ inputs, outputs: [output], attributes: { steps } }) => [
    elementwiseCall(inputs, output as Operand, (args) =>
      steps.map(({ definition, attributes, args: own, argTypes }) => {
        const names = own.map((argument, index) => {
          if (argument.kind === "literal") return literal(argument.value, (argTypes[index] as TensorType).dtype);
          return argument.kind === "input" ? (args[argument.index] as string) : `v${argument.index}`;
        });
        return definition.wgsl(names, { inputs: argTypes, attributes });
      }),
    ),
  ],
});
