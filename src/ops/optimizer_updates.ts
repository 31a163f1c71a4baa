/**
 * Optimizer steps as ops: state and gradient in, state out. Their kernels overwrite the state where it lies.
 * `rates` is float32 [4], written by the host at every step: [0] the step size, [1] learning rate · weight decay.
 * Nothing changes where `status` (int32 [1]) is not 0: a loss or gradient was not finite.
 */
import { DTypeError, ShapeError, ValueError } from "../core/errors.ts";
import type { KernelCall, Operand } from "../core/kernel_call.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { defineOp, type Op, type ReferenceArray } from "../graph/op.ts";
import type { Value } from "../graph/operation.ts";
import { adamCall } from "../kernels/adam.ts";
import { rmspropCall } from "../kernels/rmsprop.ts";
import { sgdCall } from "../kernels/sgd.ts";

/** What every optimizer step reads beside its state. */
export interface StepInputs {
  readonly gradient: Value;
  readonly rates: Value;
  readonly status: Value;
}

interface UpdateSpec<A> {
  readonly name: string;
  call(state: readonly Operand[], inputs: Step<Operand>, outputs: readonly Operand[], attributes: A): KernelCall;
  /** New state of one element; `state[0]` is the weight, already decayed. */
  step(state: number[], gradient: number, rate: number, attributes: A): number[];
}

interface Step<T> {
  readonly gradient: T;
  readonly rates: T;
  readonly status: T;
}

function split<T>(inputs: readonly T[]): { state: readonly T[]; step: Step<T> } {
  const [gradient, rates, status] = inputs.slice(-3) as [T, T, T];
  return { state: inputs.slice(0, -3), step: { gradient, rates, status } };
}

function defineUpdate<A>(spec: UpdateSpec<A>): Op<A> {
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
      const [rate, decay] = [step.rates.data[0] as number, step.rates.data[1] as number];
      const next = state.map(({ data }) => Float64Array.from(data));
      if (step.status.data[0] === 0) {
        step.gradient.data.forEach((gradient, index) => {
          const before = next.map((data) => data[index] as number);
          before[0] = (before[0] as number) * (1 - decay);
          spec.step(before, gradient, rate, attributes).forEach((value, which) => {
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

const apply = <A>(op: Op<A>, state: readonly Value[], { gradient, rates, status }: StepInputs, attributes: A) =>
  op([...state, gradient, rates, status], attributes);

/** Attributes of an Adam step. */
export interface AdamAttributes {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const adamOp = defineUpdate<AdamAttributes>({
  name: "adamUpdate",
  call: (state, step, outputs, attributes) => {
    const named = ([w, m, v, vMax]: readonly Operand[]) => ({
      w: w as Operand,
      m: m as Operand,
      v: v as Operand,
      ...(vMax === undefined ? {} : { vMax }),
    });
    return adamCall({ ...named(state), ...step }, named(outputs), attributes);
  },
  step: (state, g, rate, { beta1, beta2, epsilon }) => {
    const [w, mBefore, vBefore, largest] = state as [number, number, number, number?];
    const m = mBefore + (g - mBefore) * (1 - beta1);
    const v = vBefore + (g * g - vBefore) * (1 - beta2);
    const scale = largest === undefined ? v : Math.max(largest, v);
    const next = [w - (rate * m) / (Math.sqrt(scale) + epsilon), m, v];
    return largest === undefined ? next : [...next, scale];
  },
});

/** Adam (Kingma & Ba 2015). State: w, m, v and, for AMSGrad, the largest v. rates[0] holds the bias-corrected step size. */
export function adamUpdate(state: readonly Value[], step: StepInputs, attributes: AdamAttributes): readonly Value[] {
  return apply(adamOp, state, step, attributes);
}

/** Attributes of an SGD step. */
export interface SgdAttributes {
  readonly momentum: number;
  readonly nesterov: boolean;
}

const sgdOp = defineUpdate<SgdAttributes>({
  name: "sgdUpdate",
  call: ([w, velocity], step, [wNext, velocityNext], attributes) =>
    sgdCall(
      { w: w as Operand, ...(velocity ? { velocity } : {}), ...step },
      { w: wNext as Operand, ...(velocityNext ? { velocity: velocityNext } : {}) },
      attributes,
    ),
  step: (state, g, rate, { momentum, nesterov }) => {
    const [w, before] = state as [number, number?];
    if (before === undefined) return [w - rate * g];
    const velocity = momentum * before - rate * g;
    return [nesterov ? w + momentum * velocity - rate * g : w + velocity, velocity];
  },
});

/** Gradient descent. State: w and, with momentum, the velocity. */
export function sgdUpdate(state: readonly Value[], step: StepInputs, attributes: SgdAttributes): readonly Value[] {
  return apply(sgdOp, state, step, attributes);
}

/** Attributes of an RMSprop step. */
export interface RmspropAttributes {
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

/** Names RMSprop's state: w, velocity, then the average gradient if centered, then the momentum if there is one. */
function namedRmsprop<T>([w, velocity, ...rest]: readonly T[], { centered, momentum }: RmspropAttributes) {
  return {
    w: w as T,
    velocity: velocity as T,
    ...(centered ? { average: rest.shift() as T } : {}),
    ...(momentum > 0 ? { momentum: rest.shift() as T } : {}),
  };
}

const rmspropOp = defineUpdate<RmspropAttributes>({
  name: "rmspropUpdate",
  call: (state, step, outputs, attributes) =>
    rmspropCall({ ...namedRmsprop(state, attributes), ...step }, namedRmsprop(outputs, attributes), attributes),
  step: (state, g, rate, attributes) => {
    const { rho, momentum, epsilon } = attributes;
    const before = namedRmsprop(state, attributes);
    const velocity = rho * before.velocity + (1 - rho) * g * g;
    const average = before.average === undefined ? undefined : rho * before.average + (1 - rho) * g;
    const increment = (rate * g) / Math.sqrt(velocity + epsilon - (average ?? 0) ** 2);
    const carried = before.momentum === undefined ? undefined : momentum * before.momentum + increment;
    return [before.w - (carried ?? increment), velocity, average, carried].filter((value) => value !== undefined);
  },
});

/** RMSprop (Tieleman & Hinton 2012). State as `namedRmsprop` lists it. */
export function rmspropUpdate(
  state: readonly Value[],
  step: StepInputs,
  attributes: RmspropAttributes,
): readonly Value[] {
  return apply(rmspropOp, state, step, attributes);
}
