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
import { adamUpdate, optimizerUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `adam` and `adamW`. */
export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  /** Prevents division by zero; must be above 0. Keras also accepts 0, which makes weights without gradient NaN. */
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

/** The option table that Adam's variants share. */
export const MOMENTS = {
  beta1: withDefault(rate, 0.9),
  beta2: withDefault(rate, 0.999),
  epsilon: withDefault(aboveZero, 1e-7),
};
const ADAM = { ...SHARED, ...MOMENTS, amsgrad: withDefault(flag, false) };
const ADAM_W = { ...ADAM, weightDecay: withNone(nonNegative, 0.004, null) };

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
    // The bias correction is computed on the host: in float32, 1 − beta2^t would lose five digits at first.
    rates: (rate, iteration) => [(rate * Math.sqrt(1 - beta2 ** (iteration + 1))) / (1 - beta1 ** (iteration + 1))],
    apply: (state, inputs) => optimizerUpdate(adamUpdate, state, inputs, { beta1, beta2, epsilon }),
  });
}
