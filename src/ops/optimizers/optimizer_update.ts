/**
 * How optimizer steps are declared as ops: state and gradient in, state out. Their kernels overwrite the state where it lies.
 * `rates` is float32 [6], written by the host at every step: [0] the step size, [1] learning rate · weight decay, [2] and [3]
 * as the rule wants, [4] the share of a moving average that stays, [5] not 0 where the average is to overwrite the weight.
 * Nothing changes where `status` (int32 [1]) is not 0: a loss or gradient was not finite.
 */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { OpDefinition, Value } from "../../graph/operation.ts";
import {
  definePositionalOp as defineOp,
  type PositionalOp as Op,
  type PositionalReference as OpReference,
  type PositionalKernelOp,
} from "../../graph/positional.ts";
import { updateGroupCall } from "../../kernels/optimizers/update_group.ts";

/** How many numbers the host writes at every step. */
export const RATE_COUNT = 6;

/** What every optimizer step reads beside its state. */
export interface StepInputs {
  readonly gradient: Value;
  readonly rates: Value;
  readonly status: Value;
}

/** An optimizer step and its kernel. */
interface UpdateSpec<A> {
  readonly name: string;
  call(state: readonly Operand[], inputs: Step<Operand>, outputs: readonly Operand[], attributes: A): KernelCall;
}

/** What an optimizer step means for one element. */
export interface UpdateMeaning<A = never> {
  readonly op: Op<A>;
  /** New state of one element; `state[0]` is the weight, already decayed. */
  readonly step: (state: number[], gradient: number, rates: readonly number[], attributes: A) => number[];
}

/** What a step reads beside its state, as values, operands or arrays. */
export interface Step<T> {
  readonly gradient: T;
  readonly rates: T;
  readonly status: T;
}

function split<T>(inputs: readonly T[]): { state: readonly T[]; step: Step<T> } {
  const [gradient, rates, status] = inputs.slice(-3) as [T, T, T];
  return { state: inputs.slice(0, -3), step: { gradient, rates, status } };
}

/** Declares an optimizer step. */
export function defineUpdate<A>(spec: UpdateSpec<A>): Op<A> {
  const definition = oneUpdate(spec);
  const op = defineOp(definition);
  groups.set(op.definition, defineGroup(definition) as unknown as Op<GroupAttributes>);
  return op;
}

function oneUpdate<A>(spec: UpdateSpec<A>): PositionalKernelOp<A> {
  return {
    kind: "kernel",
    name: spec.name,
    infer: ({ inputs }) => {
      const { state, step } = split(inputs);
      const weight = state[0];
      for (const type of [...state, step.gradient]) {
        if (type.dtype !== "float32") throw new DTypeError(`${spec.name}: got ${type.dtype}; expected float32`);
        if (!sameShape(type.shape, weight?.shape ?? [])) {
          throw new ShapeError(
            `${spec.name}: got ${formatShape(type.shape)}; expected the weight's shape ${formatShape(weight?.shape ?? [])}`,
          );
        }
      }
      return state.map(({ shape, dtype }) => ({ shape, dtype }));
    },
    vjp: () => {
      throw new ValueError(`${spec.name}: an optimizer step cannot be differentiated`);
    },
    lower: ({ inputs, outputs, attributes }) => {
      const { state, step } = split(inputs);
      return [spec.call(state, step, outputs, attributes)];
    },
  };
}

/** Applies a declared step. */
export const applyUpdate = <A>(
  op: Op<A>,
  state: readonly Value[],
  { gradient, rates, status }: StepInputs,
  attributes: A,
) => op([...state, gradient, rates, status], attributes);

/** Attributes of one step's op, and of how many variables. */
interface GroupAttributes {
  readonly variables: number;
}

const groups = new Map<OpDefinition, Op<GroupAttributes>>();

/** The op that takes a step of several variables at once, for a declared step; undefined for other ops. */
export const updateGroupOf = (definition: OpDefinition) => groups.get(definition);

function parts<T>(values: readonly T[], { variables }: GroupAttributes): (readonly T[])[] {
  const size = values.length / variables;
  return Array.from({ length: variables }, (_, index) => values.slice(index * size, (index + 1) * size));
}

/** A step's op for several variables: inputs and outputs are those of each, one after another; rates and status are the same. */
function defineGroup<A>(step: PositionalKernelOp<A>): Op<A & GroupAttributes> {
  return defineOp<A & GroupAttributes>({
    kind: "kernel",
    name: step.name,
    infer: ({ inputs, attributes }) =>
      parts(inputs, attributes).flatMap((own) => step.infer({ inputs: own, attributes })),
    vjp: (context) => step.vjp(context),
    lower: ({ inputs, outputs, isUsed, attributes }) => {
      const [written, used] = [parts(outputs, attributes), parts(isUsed, attributes)];
      const calls = parts(inputs, attributes).flatMap((own, index) =>
        step.lower({
          inputs: own,
          outputs: written[index] as readonly Operand[],
          isUsed: used[index] as readonly boolean[],
          attributes,
        }),
      );
      return [updateGroupCall(calls)];
    },
  });
}

/** What a step means in float64, of one variable and of several. */
export function updateReferences<A>({ op, step: stepOf }: UpdateMeaning<A>): readonly OpReference[] {
  const one = (inputs: readonly ReferenceArray[], attributes: A): ReferenceArray[] => {
    const { state, step } = split(inputs);
    const rates = Array.from(step.rates.data);
    const next = state.map(({ data }) => Float64Array.from(data));
    if (step.status.data[0] === 0) {
      step.gradient.data.forEach((gradient, index) => {
        const before = next.map((data) => data[index] as number);
        before[0] = (before[0] as number) * (1 - (rates[1] as number));
        stepOf(before, gradient, rates, attributes).forEach((value, which) => {
          (next[which] as Float64Array)[index] = value;
        });
      });
    }
    return next.map((data, index) => ({ shape: (state[index] as ReferenceArray).shape, data }));
  };
  const alone: OpReference<A> = { op, reference: ({ inputs, attributes }) => one(inputs, attributes) };
  const grouped: OpReference<A & GroupAttributes> = {
    op: groups.get(op.definition) as Op<GroupAttributes>,
    reference: ({ inputs, attributes }) => parts(inputs, attributes).flatMap((own) => one(own, attributes)),
  };
  return [alone, grouped];
}
