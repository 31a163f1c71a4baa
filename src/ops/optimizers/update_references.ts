/** The optimizers' steps in float64. The shaders' heads name the papers and Keras's pages. */
import { at } from "../../core/at.ts";
import { type OpReference, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { tensorOf, type UpdateState } from "../../kernels/optimizers/update.ts";
import {
  adadeltaUpdate,
  adagradUpdate,
  adamaxUpdate,
  adamUpdate,
  ftrlUpdate,
  lionUpdate,
  nadamUpdate,
  rmspropUpdate,
  sgdUpdate,
} from "./update.ts";
import { type UpdateOp, variablesIn } from "./update_op.ts";

/** A rule for one element: its new state, from the one before with the weight already decayed. */
type Step<C> = (state: UpdateState<number>, g: number, rates: readonly number[], constants: C) => UpdateState<number>;

/** The frame: decay, several variables, and nothing where the status is not 0. */
function referenceOf<C>(op: UpdateOp<C>, step: Step<C>): OpReference {
  const { name } = op.definition;
  return referenceFor(op, ({ inputs, attributes: { constants, slots } }) => {
    const { rates, status } = inputs;
    const numbers = Array.from(rates.data);
    const states = variablesIn<ReferenceArray>(inputs, slots).flatMap(({ state, gradient }) => {
      const before = slots.map((slot) => ({ slot, data: tensorOf(name, state, slot).data }));
      const after = before.map(({ slot, data }) => ({ slot, data: Float64Array.from(data) }));
      for (const [index, g] of status.data[0] === 0 ? gradient.data.entries() : []) {
        const old = Object.fromEntries(before.map(({ slot, data }) => [slot, at(data, index)]));
        const w = at(state.w.data, index) * (1 - at(numbers, 1));
        const next = step({ ...old, w }, g, numbers, constants);
        for (const { slot, data } of after) data[index] = tensorOf(name, next, slot);
      }
      return after.map(({ data }) => ({ shape: state.w.shape, data }));
    });
    return { states };
  });
}

/** One for each rule. Slots that a rule always has get a default only because their type does not say so. */
export function updateReferences(): readonly OpReference[] {
  return [
    referenceOf(sgdUpdate.op, ({ w, momentum: before }, g, [rate = 0], { momentum, nesterov }) => {
      if (before === undefined) return { w: w - rate * g };
      const velocity = momentum * before - rate * g;
      return { w: nesterov ? w + momentum * velocity - rate * g : w + velocity, momentum: velocity };
    }),
    referenceOf(adamUpdate.op, ({ w, vMax, ...before }, g, [rate = 0], { beta1, beta2, epsilon }) => {
      const { m, v } = moments(before, g, beta1, beta2);
      const largest = Math.max(vMax ?? 0, v);
      return { w: w - (rate * m) / (Math.sqrt(largest) + epsilon), m, v, vMax: largest };
    }),
    referenceOf(adamaxUpdate.op, ({ w, m: before = 0, u: largest = 0 }, g, [rate = 0], { beta1, beta2, epsilon }) => {
      const m = before + (g - before) * (1 - beta1);
      const u = Math.max(beta2 * largest, Math.abs(g));
      return { w: w - (rate * m) / (u + epsilon), m, u };
    }),
    referenceOf(nadamUpdate.op, ({ w, ...before }, g, rates, { beta1, beta2, epsilon }) => {
      const [ofMean = 0, , ofGradient = 0, correction = 0] = rates;
      const { m, v } = moments(before, g, beta1, beta2);
      return { w: w - (ofMean * m + ofGradient * g) / (Math.sqrt(v * correction) + epsilon), m, v };
    }),
    referenceOf(rmspropUpdate.op, (state, g, [rate = 0], { rho, momentum, epsilon }) => {
      const velocity = rho * (state.velocity ?? 0) + (1 - rho) * g * g;
      const average = state.average === undefined ? 0 : rho * state.average + (1 - rho) * g;
      const moved = momentum * (state.momentum ?? 0) + (rate * g) / Math.sqrt(velocity + epsilon - average ** 2);
      return { w: state.w - moved, velocity, average, momentum: moved };
    }),
    referenceOf(adagradUpdate.op, ({ w, accumulator: before = 0 }, g, [rate = 0], { epsilon }) => {
      const accumulator = before + g * g;
      return { w: w - (rate * g) / Math.sqrt(accumulator + epsilon), accumulator };
    }),
    referenceOf(adadeltaUpdate.op, (state, g, [rate = 0], { rho, epsilon }) => {
      const { w, accumulatedGradient: gradients = 0, accumulatedDelta: deltas = 0 } = state;
      const accumulatedGradient = rho * gradients + (1 - rho) * g * g;
      const delta = (Math.sqrt(deltas + epsilon) * g) / Math.sqrt(accumulatedGradient + epsilon);
      const accumulatedDelta = rho * deltas + (1 - rho) * delta * delta;
      return { w: w - rate * delta, accumulatedGradient, accumulatedDelta };
    }),
    referenceOf(lionUpdate.op, ({ w, momentum: m = 0 }, g, [rate = 0], { beta1, beta2 }) => ({
      w: w - rate * Math.sign(beta1 * m + (1 - beta1) * g),
      momentum: beta2 * m + (1 - beta2) * g,
    })),
    referenceOf(ftrlUpdate.op, (state, g, [rate = 0, , quadratic = 0], { power, l1, shrinkage }) => {
      const { w, accumulator: before = 0, linear: line = 0 } = state;
      const accumulator = before + g * g;
      const sigma = (accumulator ** power - before ** power) / rate;
      const linear = line + g + 2 * shrinkage * w - sigma * w;
      const clipped = Math.min(Math.max(linear, -l1), l1);
      return { w: (clipped - linear) / (accumulator ** power / rate + quadratic), accumulator, linear };
    }),
  ];
}

/** Adam's running means of the gradient and of its square. */
function moments(
  { m = 0, v = 0 }: Readonly<Record<string, number | undefined>>,
  g: number,
  beta1: number,
  beta2: number,
) {
  return { m: m + (g - m) * (1 - beta1), v: v + (g * g - v) * (1 - beta2) };
}
