/** Several elementwise operations as one kernel. Made by the fusion pass; every elementwise operation runs through it. */
import { ValueError } from "../../core/errors.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import type { Shape } from "../../core/shape.ts";
import {
  defineOp,
  type ElementwiseOp,
  type OpDefinition,
  type OpReference,
  type ReferenceArray,
} from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { elementwiseCall, literal } from "../../kernels/elementwise/elementwise.ts";
import { mapElements } from "./elementwise_reference.ts";

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

/** All outputs are of one shape. */
export interface FusedAttributes {
  readonly shape: Shape;
  readonly steps: readonly FusedStep[];
  /** The steps whose results are the outputs. */
  readonly results: readonly number[];
}

export const fusedOp = defineOp<FusedAttributes>({
  kind: "kernel",
  name: "fused",
  infer: ({ attributes: { shape, steps, results } }) =>
    results.map((step) => ({ shape, dtype: (steps[step] as FusedStep).type.dtype })),
  vjp: () => {
    throw new ValueError("fused: fusion comes after differentiation");
  },
  lower: ({ inputs, outputs, attributes: { steps, results } }) => [
    elementwiseCall(inputs, outputs, results, (args) =>
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

export const fusedReference: OpReference<FusedAttributes> = {
  op: fusedOp,
  reference: ({ inputs, attributes: { steps, results } }) => {
    const values: ReferenceArray[] = [];
    for (const { definition, attributes, args, type } of steps) {
      const own = args.map((argument): ReferenceArray => {
        if (argument.kind === "literal") return { shape: [], data: Float64Array.of(argument.value) };
        return (argument.kind === "input" ? inputs : values)[argument.index] as ReferenceArray;
      });
      values.push(mapElements(definition, { inputs: own, outputs: [type], attributes }));
    }
    return results.map((step) => values[step] as ReferenceArray);
  },
};

/** Fused operations of one `shape` as one: its outputs are theirs, one after another. Steps that several have are taken once. */
export function joinFused(
  shape: Shape,
  members: readonly { readonly inputs: readonly Value[]; readonly attributes: FusedAttributes }[],
): readonly Value[] {
  const inputs = [...new Set(members.flatMap((member) => member.inputs))];
  const steps: FusedStep[] = [];
  const known = new Map<OpDefinition, Map<string, number>>();
  const results = members.flatMap(({ inputs: own, attributes }) => {
    const places: number[] = [];
    for (const step of attributes.steps) {
      const args = step.args.map((argument): StepArgument => {
        if (argument.kind === "literal") return argument;
        if (argument.kind === "step") return { kind: "step", index: places[argument.index] as number };
        return { kind: "input", index: inputs.indexOf(own[argument.index] as Value) };
      });
      const alike = known.get(step.definition) ?? new Map<string, number>();
      known.set(step.definition, alike);
      const key = JSON.stringify([step.attributes, step.type, args, args.map(literalText)]);
      const place = alike.get(key) ?? steps.push({ ...step, args }) - 1;
      alike.set(key, place);
      places.push(place);
    }
    return attributes.results.map((step) => places[step] as number);
  });
  return fusedOp(inputs, { shape, steps, results });
}

/** What JSON does not tell apart: infinities, NaN and -0. */
const literalText = (argument: StepArgument) =>
  argument.kind === "literal" ? (Object.is(argument.value, -0) ? "-0" : String(argument.value)) : "";
