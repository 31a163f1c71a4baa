import { aboveZero, flag, readOptions, share, withDefault } from "../../core/option_table.ts";
import { optimizerUpdate, rmspropUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  readonly rho?: number;
  readonly momentum?: number;
  /** Prevents division by zero; must be above 0. Keras also accepts 0, which makes weights without gradient NaN. */
  readonly epsilon?: number;
  readonly centered?: boolean;
}

const RMSPROP = {
  ...SHARED,
  rho: withDefault(share, 0.9),
  momentum: withDefault(share, 0),
  epsilon: withDefault(aboveZero, 1e-7),
  centered: withDefault(flag, false),
};

/** RMSprop (Tieleman & Hinton 2012). learningRate 0.001, rho 0.9, epsilon 1e-7. */
export function rmsprop(given: RmspropOptions = {}): Optimizer {
  const options = readOptions("rmsprop", RMSPROP, given);
  const { rho, momentum, epsilon, centered } = options;
  return optimizer({
    name: "rmsprop",
    learningRate: 0.001,
    options,
    config: { rho, momentum, epsilon, centered },
    slots: ["velocity", ...(centered ? ["average"] : []), ...(momentum > 0 ? ["momentum"] : [])].map((name) => ({
      name,
    })),
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate(rmspropUpdate, state, inputs, { rho, momentum, epsilon }),
  });
}
