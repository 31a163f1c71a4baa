/** Adamax and Nadam. */
import { readOptions } from "../../core/option_table.ts";
import { adamaxUpdate, nadamUpdate, optimizerUpdate } from "../../ops/optimizers/update.ts";
import { MOMENTS } from "./adam.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

const ADAM_VARIANT = { ...MOMENTS, ...SHARED };

/** Options of `nadam` and `adamax`. */
export interface AdamVariantOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  /** Prevents division by zero; must be above 0. Keras also accepts 0, which makes weights without gradient NaN. */
  readonly epsilon?: number;
}

/**
 * Adam with the infinity norm instead of the mean square (Kingma & Ba 2015, section 7.1). learningRate 0.001, beta1
 * 0.9, beta2 0.999, epsilon 1e-7.
 */
export function adamax(given: AdamVariantOptions = {}): Optimizer {
  const options = readOptions("adamax", ADAM_VARIANT, given);
  const { beta1, beta2, epsilon } = options;
  return optimizer({
    name: "adamax",
    learningRate: 0.001,
    options,
    config: { beta1, beta2, epsilon },
    slots: [{ name: "m" }, { name: "u" }],
    rates: (rate, iteration) => [rate / (1 - beta1 ** (iteration + 1))],
    apply: (state, inputs) => optimizerUpdate(adamaxUpdate, state, inputs, { beta1, beta2, epsilon }),
  });
}

/** Adam with Nesterov momentum (Dozat 2015). learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
export function nadam(given: AdamVariantOptions = {}): Optimizer {
  const options = readOptions("nadam", ADAM_VARIANT, given);
  const { beta1, beta2, epsilon } = options;
  /** The momentum of the 1-based step t. */
  const momentum = (t: number) => beta1 * (1 - 0.5 * 0.96 ** t);
  // The product of the momenta up to step t: updated incrementally, and recomputed after going back to an earlier step.
  let known = { t: 0, product: 1 };
  const productUpTo = (t: number) => {
    if (t < known.t) known = { t: 0, product: 1 };
    while (known.t < t && known.product > 0) known = { t: known.t + 1, product: known.product * momentum(known.t + 1) };
    return known.product;
  };
  return optimizer({
    name: "nadam",
    learningRate: 0.001,
    options,
    config: { beta1, beta2, epsilon },
    slots: [{ name: "m" }, { name: "v" }],
    rates: (rate, iteration) => {
      const t = iteration + 1;
      const [now, next, product] = [momentum(t), momentum(t + 1), productUpTo(t)];
      return [(rate * next) / (1 - product * next), (rate * (1 - now)) / (1 - product), 1 / (1 - beta2 ** t)];
    },
    apply: (state, inputs) => optimizerUpdate(nadamUpdate, state, inputs, { beta1, beta2, epsilon }),
  });
}
