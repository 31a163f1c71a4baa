/** The steps of the optimizers. */
import { at } from "../../core/at.ts";
import type { Value } from "../../graph/operation.ts";
import { slotsOf, type UpdateState } from "../../kernels/optimizers/update.ts";
import { UPDATE_RULES, type UpdateConstants, type UpdateRuleName } from "../../kernels/optimizers/update_rules.ts";
import { defineUpdate, type StepInputs, statesByName, type UpdateOp, updateInputs } from "./update_op.ts";

/** The op of each rule. */
export const UPDATE_OPS: { readonly [Name in UpdateRuleName]: UpdateOp<UpdateConstants[Name]> } = {
  sgd: defineUpdate(UPDATE_RULES.sgd),
  adam: defineUpdate(UPDATE_RULES.adam),
  adamax: defineUpdate(UPDATE_RULES.adamax),
  nadam: defineUpdate(UPDATE_RULES.nadam),
  rmsprop: defineUpdate(UPDATE_RULES.rmsprop),
  adagrad: defineUpdate(UPDATE_RULES.adagrad),
  adadelta: defineUpdate(UPDATE_RULES.adadelta),
  lion: defineUpdate(UPDATE_RULES.lion),
  ftrl: defineUpdate(UPDATE_RULES.ftrl),
};

/**
 * The state of a weight after one step of a rule; `UPDATE_RULES` has the names of its slots, the shaders the formulas.
 *
 * @throws ValueError when the slots are not those of the rule.
 * @example
 * const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
 * const next = optimizerUpdate("adam", { w, m, v }, { gradient, rates, status }, constants); // { w, m, v }
 */
export function optimizerUpdate<Name extends UpdateRuleName>(
  rule: Name,
  state: UpdateState<Value>,
  { gradient, ...shared }: StepInputs,
  constants: UpdateConstants[Name],
): UpdateState<Value> {
  const slots = slotsOf(UPDATE_RULES[rule], state);
  const { states } = UPDATE_OPS[rule](updateInputs([{ state, gradient }], shared, slots), { slots, constants });
  return at(statesByName(states, slots), 0);
}
