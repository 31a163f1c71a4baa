/** The steps of the optimizers. */
import { at } from "../../core/at.ts";
import type { Value } from "../../graph/operation.ts";
import { slotsOf, type UpdateRule, type UpdateState } from "../../kernels/optimizers/update.ts";
import {
  adadeltaRule,
  adagradRule,
  adamaxRule,
  adamRule,
  ftrlRule,
  lionRule,
  nadamRule,
  rmspropRule,
  sgdRule,
} from "../../kernels/optimizers/update_rules.ts";
import { defineUpdate, type StepInputs, statesByName, type UpdateOp, updateInputs } from "./update_op.ts";

/** A rule and its op. */
export interface Update<C> {
  readonly rule: UpdateRule<C>;
  readonly op: UpdateOp<C>;
}

/* @__NO_SIDE_EFFECTS__ */
function updateBy<C>(rule: UpdateRule<C>): Update<C> {
  return { rule, op: defineUpdate(rule) };
}

export const sgdUpdate = updateBy(sgdRule);
export const adamUpdate = updateBy(adamRule);
export const adamaxUpdate = updateBy(adamaxRule);
export const nadamUpdate = updateBy(nadamRule);
export const rmspropUpdate = updateBy(rmspropRule);
export const adagradUpdate = updateBy(adagradRule);
export const adadeltaUpdate = updateBy(adadeltaRule);
export const lionUpdate = updateBy(lionRule);
export const ftrlUpdate = updateBy(ftrlRule);

/**
 * The state of a weight after one step of a rule, which has the names of its slots; the shaders have the formulas.
 *
 * @throws ValueError when the slots are not those of the rule.
 * @example
 * const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
 * const next = optimizerUpdate(adamUpdate, { w, m, v }, { gradient, rates, status }, constants); // { w, m, v }
 */
export function optimizerUpdate<C>(
  { rule, op }: Update<C>,
  state: UpdateState<Value>,
  { gradient, ...shared }: StepInputs,
  constants: C,
): UpdateState<Value> {
  const slots = slotsOf(rule, state);
  const { states } = op(updateInputs([{ state, gradient }], shared, slots), { slots, constants });
  return at(statesByName(states, slots), 0);
}
