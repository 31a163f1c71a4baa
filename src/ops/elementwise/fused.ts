/**
 * Several elementwise operations as one kernel. Made by the fusion pass; every elementwise operation runs through it.
 */
import { at } from "../../core/at.ts";
import { ValueError } from "../../core/errors.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import type { ExpressionOperand, ExpressionStep } from "../../core/shader_recipe.ts";
import type { Shape } from "../../core/shape.ts";
import { defineOp, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { type ElementwiseOp, mapTensors, type OpDefinition, type Value } from "../../graph/operation.ts";
import { elementwiseCall } from "../../kernels/elementwise/elementwise.ts";
import { mapElements } from "./elementwise_reference.ts";

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
