import {
  aboveZero,
  flag,
  nonNegative,
  type OptionsOf,
  rate,
  readOptions,
  withDefault,
  withNone,
} from "../../core/option_table.ts";
import { optimizerUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `adam` and `adamW`. */
export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  /** Keeps a division from being one by 0: above 0. Keras takes 0 too, and makes NaN of a weight without gradient. */
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

const MOMENTS = {
  beta1: withDefault(rate, 0.9),
  beta2: withDefault(rate, 0.999),
  epsilon: withDefault(aboveZero, 1e-7),
};
const ADAM = { ...MOMENTS, amsgrad: withDefault(flag, false), ...SHARED };
const ADAM_W = { ...ADAM, weightDecay: withNone(nonNegative, 0.004, null) };
const ADAM_VARIANT = { ...MOMENTS, ...SHARED };

/** Adam (Kingma & Ba 2015). learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamNamed("adam", readOptions("adam", ADAM, options));
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019); weightDecay 0.004. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamNamed("adamW", readOptions("adamW", ADAM_W, options));
}

function adamNamed(name: string, options: OptionsOf<typeof ADAM>): Optimizer {
  const { beta1, beta2, epsilon, amsgrad } = options;
  return optimizer({
    name,
    learningRate: 0.001,
    options,
    config: { beta1, beta2, epsilon, amsgrad },
    slots: ["m", "v", ...(amsgrad ? ["vMax"] : [])].map((name) => ({ name })),
    // The bias correction is made on the host: in float32 1 − beta2^t would lose five digits at first.
    rates: (rate, iteration) => [(rate * Math.sqrt(1 - beta2 ** (iteration + 1))) / (1 - beta1 ** (iteration + 1))],
    apply: (state, inputs) => optimizerUpdate("adam", state, inputs, { beta1, beta2, epsilon }),
  });
}

/** Options of `nadam` and `adamax`. */
export interface AdamVariantOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  /** Keeps a division from being one by 0: above 0. Keras takes 0 too, and makes NaN of a weight without gradient. */
  readonly epsilon?: number;
}

/**
 * Adam by the largest gradient instead of the mean square (Kingma & Ba 2015, 7.1). learningRate 0.001, beta1 0.9, beta2
 * 0.999, epsilon 1e-7.
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
    apply: (state, inputs) => optimizerUpdate("adamax", state, inputs, { beta1, beta2, epsilon }),
  });
}

/** Adam with Nesterov momentum (Dozat 2015). learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
export function nadam(given: AdamVariantOptions = {}): Optimizer {
  const options = readOptions("nadam", ADAM_VARIANT, given);
  const { beta1, beta2, epsilon } = options;
  /** The momentum of the 1-based step t. */
  const momentum = (t: number) => beta1 * (1 - 0.5 * 0.96 ** t);
  // The product of the momenta up to step t: carried on from step to step, and computed anew after a jump back.
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
    apply: (state, inputs) => optimizerUpdate("nadam", state, inputs, { beta1, beta2, epsilon }),
  });
}
