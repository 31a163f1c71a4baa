/** The steps of Adagrad, Adadelta, Nadam, Lion and Adamax. */
import type { Operand } from "../../core/kernel_call.ts";
import type { Value } from "../../graph/operation.ts";
import type { PositionalOp as Op } from "../../graph/positional.ts";
import { type AdaptiveOptions, type AdaptiveRule, adaptiveCall } from "../../kernels/optimizers/adaptive.ts";
import { applyUpdate, defineUpdate, type StepInputs, type UpdateMeaning } from "./optimizer_update.ts";

/** Constants of a step; `adaptiveUpdate` says which rule reads which. */
export type AdaptiveAttributes = Required<AdaptiveOptions>;

function named([w, first, second]: readonly Operand[]) {
  return { w: w as Operand, first: first as Operand, ...(second === undefined ? {} : { second }) };
}

const define = (rule: AdaptiveRule) =>
  defineUpdate<AdaptiveAttributes>({
    name: `${rule}Update`,
    call: (state, shared, outputs, attributes) =>
      adaptiveCall(rule, { ...named(state), ...shared }, named(outputs), attributes),
  });

const OPS: Readonly<Record<AdaptiveRule, Op<AdaptiveAttributes>>> = {
  adagrad: define("adagrad"),
  adadelta: define("adadelta"),
  nadam: define("nadam"),
  lion: define("lion"),
  adamax: define("adamax"),
};

const STEPS: Readonly<Record<AdaptiveRule, UpdateMeaning<AdaptiveAttributes>["step"]>> = {
  adagrad: (state, g, [rate = 0], { epsilon }) => {
    const [w, before] = state as [number, number];
    const squares = before + g * g;
    return [w - (rate * g) / Math.sqrt(squares + epsilon), squares];
  },
  adadelta: (state, g, [rate = 0], { beta1: rho, epsilon }) => {
    const [w, before, deltas] = state as [number, number, number];
    const squares = rho * before + (1 - rho) * g * g;
    const delta = (Math.sqrt(deltas + epsilon) * g) / Math.sqrt(squares + epsilon);
    return [w - rate * delta, squares, rho * deltas + (1 - rho) * delta * delta];
  },
  nadam: (state, g, [ofMean = 0, , ofGradient = 0, correction = 0], { beta1, beta2, epsilon }) => {
    const [w, mBefore, vBefore] = state as [number, number, number];
    const m = mBefore + (g - mBefore) * (1 - beta1);
    const v = vBefore + (g * g - vBefore) * (1 - beta2);
    return [w - (ofMean * m + ofGradient * g) / (Math.sqrt(v * correction) + epsilon), m, v];
  },
  lion: (state, g, [rate = 0], { beta1, beta2 }) => {
    const [w, m] = state as [number, number];
    return [w - rate * Math.sign(beta1 * m + (1 - beta1) * g), beta2 * m + (1 - beta2) * g];
  },
  adamax: (state, g, [rate = 0], { beta1, beta2, epsilon }) => {
    const [w, mBefore, before] = state as [number, number, number];
    const m = mBefore + (g - mBefore) * (1 - beta1);
    const largest = Math.max(beta2 * before, Math.abs(g));
    return [w - (rate * m) / (largest + epsilon), m, largest];
  },
};

/** What the rules mean for one element. */
export function adaptiveMeanings(): readonly UpdateMeaning<AdaptiveAttributes>[] {
  return Object.entries(STEPS).map(([rule, step]) => ({ op: OPS[rule as AdaptiveRule], step }));
}

/**
 * One step of a rule. State: w, then Adagrad's squares; Adadelta's squares of gradients and of steps (`beta1` is its rho);
 * Nadam's two moments; Lion's momentum; Adamax's first moment and largest gradient.
 */
export function adaptiveUpdate(
  rule: AdaptiveRule,
  state: readonly Value[],
  step: StepInputs,
  attributes: AdaptiveAttributes,
): readonly Value[] {
  return applyUpdate(OPS[rule], state, step, attributes);
}
