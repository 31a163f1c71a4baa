/**
 * One step of an optimizer as an op: state and gradient in, state out, of one variable or of several. The kernel
 * overwrites the state in place. `rates` is float32 [6], written by the host at every step: [0] the step size,
 * [1] learning rate · weight decay, [2] and [3] as the rule says, [4] the share of a moving average that stays, [5] not
 * 0 where the average is to overwrite the weight. Nothing changes where `status` (int32 [1]) is not 0: a loss or
 * gradient was not finite.
 */
import { at } from "../../core/at.ts";
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { defineOp, type Op, type OpDefinition } from "../../graph/op.ts";
import { Operation, type Value } from "../../graph/operation.ts";
import { optimizerUpdateCall, tensorOf, type UpdateRule, type UpdateState } from "../../kernels/optimizers/update.ts";

export { tensorOf, type UpdateState } from "../../kernels/optimizers/update.ts";

/** How many numbers the host writes at every step. */
export const RATE_COUNT = 6;

/** What all updates of a step read. */
export interface SharedInputs<T = Value> {
  readonly rates: T;
  readonly status: T;
}

/** What the update of one variable reads beside its state. */
export interface StepInputs extends SharedInputs {
  readonly gradient: Value;
}

/** One variable of an update. */
export interface UpdatedVariable<T = Value> {
  readonly state: UpdateState<T>;
  readonly gradient: T;
}

/** Attributes of an update. */
export interface UpdateAttributes<C = unknown> {
  /** The names of a variable's state. */
  readonly slots: readonly string[];
  readonly variables: number;
  readonly constants: C;
}

type Layout = Pick<UpdateAttributes, "slots" | "variables">;

/** An update's inputs by name. They lie as: each variable's state and gradient in turn, then rates and status. */
export function namedInputs<T>(
  inputs: readonly T[],
  layout: Layout,
): SharedInputs<T> & { readonly variables: readonly UpdatedVariable<T>[] } {
  const width = layout.slots.length + 1;
  const variables = statesIn(inputs, layout, width).map((state, index) => ({
    state,
    gradient: at(inputs, index * width + width - 1),
  }));
  const shared = layout.variables * width;
  return { variables, rates: at(inputs, shared), status: at(inputs, shared + 1) };
}

/** An update's outputs by name: each variable's state in turn. */
export const namedOutputs = <T>(outputs: readonly T[], layout: Layout): readonly UpdateState<T>[] =>
  statesIn(outputs, layout, layout.slots.length);

/** The state of each variable, which has `width` values. */
function statesIn<T>(values: readonly T[], { slots, variables }: Layout, width: number): UpdateState<T>[] {
  return Array.from({ length: variables }, (_, variable) => {
    const own = slots.map((slot, index) => [slot, at(values, variable * width + index)] as const);
    return { ...Object.fromEntries(own), w: at(values, variable * width) };
  });
}

/** Inputs in the order in which `namedInputs` reads them. */
export function inputList(
  variables: readonly UpdatedVariable[],
  { rates, status }: SharedInputs,
  slots: readonly string[],
) {
  const own = variables.flatMap(({ state, gradient }) => [...slots.map((slot) => state[slot]), gradient]);
  return [...own, rates, status].filter((value) => value !== undefined);
}

/** Declares the op of a rule. */
export function defineUpdate<C>(rule: UpdateRule<C>): Op<UpdateAttributes<C>> {
  const name = `${rule.name}Update`;
  const op = defineOp<UpdateAttributes<C>>({
    kind: "kernel",
    name,
    infer: ({ inputs, attributes }) =>
      namedInputs(inputs, attributes).variables.flatMap(({ state, gradient }) => {
        for (const { dtype, shape } of [...attributes.slots.map((slot) => tensorOf(name, state, slot)), gradient]) {
          if (dtype !== "float32") throw new DTypeError(`${name}: got ${dtype}; expected float32`);
          if (sameShape(shape, state.w.shape)) continue;
          throw new ShapeError(
            `${name}: got ${formatShape(shape)}; expected the weight's shape ${formatShape(state.w.shape)}`,
          );
        }
        return attributes.slots.map(() => ({ shape: state.w.shape, dtype: state.w.dtype }));
      }),
    vjp: () => {
      throw new ValueError(`${name}: an optimizer step cannot be differentiated`);
    },
    lower: ({ inputs, outputs, attributes }) => {
      const { variables, ...shared } = namedInputs(inputs, attributes);
      const next = namedOutputs(outputs, attributes);
      const updates = variables.map((variable, index) => ({ ...variable, next: at(next, index) }));
      return [optimizerUpdateCall(rule, updates, shared, attributes.constants)];
    },
  });
  updates.add(op.definition);
  return op;
}

const updates = new Set<OpDefinition>();

/** An update among a graph's operations. */
export type UpdateOperation = Operation & { readonly attributes: UpdateAttributes };

export const isUpdate = (operation: Operation): operation is UpdateOperation => updates.has(operation.definition);

/** Updates of one rule, with equal slots and constants and the same shared inputs, as one; its outputs are theirs in turn. */
export function joinUpdates(members: readonly UpdateOperation[]): readonly Value[] {
  const { definition, attributes } = at(members, 0);
  const named = members.map((member) => namedInputs(member.inputs, member.attributes));
  const variables = named.flatMap((member) => member.variables);
  const inputs = inputList(variables, at(named, 0), attributes.slots);
  return new Operation(definition, inputs, { ...attributes, variables: variables.length }).outputs;
}
