/**
 * How optimizer steps are declared as ops: state and gradient in, state out. Their kernels overwrite the state where it lies.
 * `rates` is float32 [6], written by the host at every step: [0] the step size, [1] learning rate · weight decay, [2] and [3]
 * as the rule wants, [4] the share of a moving average that stays, [5] not 0 where the average is to overwrite the weight.
 * Nothing changes where `status` (int32 [1]) is not 0: a loss or gradient was not finite.
 */
import { DTypeError, ShapeError, ValueError } from "../core/errors.ts";
import type { KernelCall, Operand } from "../core/kernel_call.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { defineOp, type Op, type ReferenceArray } from "../graph/op.ts";
import type { Value } from "../graph/operation.ts";

/** How many numbers the host writes at every step. */
export const RATE_COUNT = 6;

/** What every optimizer step reads beside its state. */
export interface StepInputs {
  readonly gradient: Value;
  readonly rates: Value;
  readonly status: Value;
}

/** An optimizer step: its kernel, and its meaning for one element. */
export interface UpdateSpec<A> {
  readonly name: string;
  call(state: readonly Operand[], inputs: Step<Operand>, outputs: readonly Operand[], attributes: A): KernelCall;
  /** New state of one element; `state[0]` is the weight, already decayed. */
  step(state: number[], gradient: number, rates: readonly number[], attributes: A): number[];
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
  return defineOp<A>({
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
    reference: ({ inputs, attributes }) => {
      const { state, step } = split(inputs);
      const rates = Array.from(step.rates.data);
      const next = state.map(({ data }) => Float64Array.from(data));
      if (step.status.data[0] === 0) {
        step.gradient.data.forEach((gradient, index) => {
          const before = next.map((data) => data[index] as number);
          before[0] = (before[0] as number) * (1 - (rates[1] as number));
          spec.step(before, gradient, rates, attributes).forEach((value, which) => {
            (next[which] as Float64Array)[index] = value;
          });
        });
      }
      return next.map((data, index): ReferenceArray => ({ shape: (state[index] as ReferenceArray).shape, data }));
    },
    lower: ({ inputs, outputs, attributes }) => {
      const { state, step } = split(inputs);
      return [spec.call(state, step, outputs, attributes)];
    },
  });
}

/** Applies a declared step. */
export const applyUpdate = <A>(
  op: Op<A>,
  state: readonly Value[],
  { gradient, rates, status }: StepInputs,
  attributes: A,
) => op([...state, gradient, rates, status], attributes);
