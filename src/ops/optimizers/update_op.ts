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
import { defineOp, type Op } from "../../graph/op.ts";
import type { OpDefinition, Operation, TensorsOf, Value } from "../../graph/operation.ts";
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
  readonly constants: C;
}

/** What an update takes: of each variable its slots' tensors in turn, and its gradient. */
export interface UpdateInputs extends SharedInputs {
  readonly states: readonly Value[];
  readonly gradients: readonly Value[];
}

/** What it gives: of each variable its slots' tensors in turn. */
export interface UpdateOutputs {
  readonly states: readonly Value[];
}

/** The state of each variable by the names of its slots. */
export function statesByName<T>(states: readonly T[], slots: readonly string[]): UpdateState<T>[] {
  return Array.from({ length: states.length / slots.length }, (_, variable) => {
    const own = slots.map((slot, index) => [slot, at(states, variable * slots.length + index)] as const);
    return { ...Object.fromEntries(own), w: at(states, variable * slots.length) };
  });
}

/** The variables of an update by name. */
export function variablesIn<T>(
  { states, gradients }: Pick<TensorsOf<UpdateInputs, T>, "states" | "gradients">,
  slots: readonly string[],
): readonly UpdatedVariable<T>[] {
  return statesByName(states, slots).map((state, index) => ({ state, gradient: at(gradients, index) }));
}

/** The inputs of an update. */
export function updateInputs(
  variables: readonly UpdatedVariable[],
  { rates, status }: SharedInputs,
  slots: readonly string[],
): UpdateInputs {
  const states = variables.flatMap(({ state }) => slots.map((slot) => tensorOf("optimizer", state, slot)));
  return { states, gradients: variables.map(({ gradient }) => gradient), rates, status };
}

/** The op of a rule. */
export type UpdateOp<C> = Op<UpdateInputs, UpdateAttributes<C>, UpdateOutputs>;

/** Declares the op of a rule. */
export function defineUpdate<C>(rule: UpdateRule<C>): UpdateOp<C> {
  const name = `${rule.name}Update`;
  const op = defineOp<UpdateInputs, UpdateAttributes<C>, UpdateOutputs>({
    kind: "kernel",
    name,
    infer: ({ inputs, attributes: { slots } }) => ({
      states: variablesIn(inputs, slots).flatMap(({ state, gradient }) => {
        for (const { dtype, shape } of [...slots.map((slot) => tensorOf(name, state, slot)), gradient]) {
          if (dtype !== "float32") throw new DTypeError(`${name}: got ${dtype}; expected float32`);
          if (sameShape(shape, state.w.shape)) continue;
          throw new ShapeError(
            `${name}: got ${formatShape(shape)}; expected the weight's shape ${formatShape(state.w.shape)}`,
          );
        }
        return slots.map(() => ({ shape: state.w.shape, dtype: state.w.dtype }));
      }),
    }),
    vjp: () => {
      throw new ValueError(`${name}: an optimizer step cannot be differentiated`);
    },
    lower: ({ inputs, outputs, attributes: { slots, constants } }) => {
      const next = statesByName(outputs.states, slots);
      const updates = variablesIn(inputs, slots).map((variable, index) => ({ ...variable, next: at(next, index) }));
      return [optimizerUpdateCall(rule, updates, inputs, constants)];
    },
  });
  // Passes hand back the attributes that they were given.
  updates.set(op.definition, op as UpdateOp<unknown>);
  return op;
}

const updates = new Map<OpDefinition, UpdateOp<unknown>>();

/** An operation's update op, if it applies one. */
export const updateOpOf = ({ definition }: Operation): UpdateOp<unknown> | undefined => updates.get(definition);
