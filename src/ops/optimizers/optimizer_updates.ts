/** The steps of SGD, Adam and RMSprop. */
import type { Operand } from "../../core/kernel_call.ts";
import type { Value } from "../../graph/operation.ts";
import { adamCall } from "../../kernels/optimizers/adam.ts";
import { rmspropCall } from "../../kernels/optimizers/rmsprop.ts";
import { sgdCall } from "../../kernels/optimizers/sgd.ts";
import { applyUpdate, defineUpdate, type StepInputs, type UpdateMeaning } from "./optimizer_update.ts";

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
});

export const adamMeaning: UpdateMeaning<AdamAttributes> = {
  op: adamOp,
  step: (state, g, [rate = 0], { beta1, beta2, epsilon }) => {
    const [w, mBefore, vBefore, largest] = state as [number, number, number, number?];
    const m = mBefore + (g - mBefore) * (1 - beta1);
    const v = vBefore + (g * g - vBefore) * (1 - beta2);
    const scale = largest === undefined ? v : Math.max(largest, v);
    const next = [w - (rate * m) / (Math.sqrt(scale) + epsilon), m, v];
    return largest === undefined ? next : [...next, scale];
  },
};

/** Adam (Kingma & Ba 2015). State: w, m, v and, for AMSGrad, the largest v. rates[0] holds the bias-corrected step size. */
export function adamUpdate(state: readonly Value[], step: StepInputs, attributes: AdamAttributes): readonly Value[] {
  return applyUpdate(adamOp, state, step, attributes);
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
});

export const sgdMeaning: UpdateMeaning<SgdAttributes> = {
  op: sgdOp,
  step: (state, g, [rate = 0], { momentum, nesterov }) => {
    const [w, before] = state as [number, number?];
    if (before === undefined) return [w - rate * g];
    const velocity = momentum * before - rate * g;
    return [nesterov ? w + momentum * velocity - rate * g : w + velocity, velocity];
  },
};

/** Gradient descent. State: w and, with momentum, the velocity. */
export function sgdUpdate(state: readonly Value[], step: StepInputs, attributes: SgdAttributes): readonly Value[] {
  return applyUpdate(sgdOp, state, step, attributes);
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
});

export const rmspropMeaning: UpdateMeaning<RmspropAttributes> = {
  op: rmspropOp,
  step: (state, g, [rate = 0], attributes) => {
    const { rho, momentum, epsilon } = attributes;
    const before = namedRmsprop(state, attributes);
    const velocity = rho * before.velocity + (1 - rho) * g * g;
    const average = before.average === undefined ? undefined : rho * before.average + (1 - rho) * g;
    const increment = (rate * g) / Math.sqrt(velocity + epsilon - (average ?? 0) ** 2);
    const carried = before.momentum === undefined ? undefined : momentum * before.momentum + increment;
    return [before.w - (carried ?? increment), velocity, average, carried].filter((value) => value !== undefined);
  },
};

/** RMSprop (Tieleman & Hinton 2012). State as `namedRmsprop` lists it. */
export function rmspropUpdate(
  state: readonly Value[],
  step: StepInputs,
  attributes: RmspropAttributes,
): readonly Value[] {
  return applyUpdate(rmspropOp, state, step, attributes);
}
