import { optimizerUpdate } from "../../ops/optimizers/update.ts";
import { checkPositive, checkShare, type Optimizer, type OptimizerOptions, optimizer } from "./base.ts";

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  readonly rho?: number;
  readonly momentum?: number;
  /** Keeps a division from being one by 0: above 0. Keras takes 0 too, and makes NaN of a weight without gradient. */
  readonly epsilon?: number;
  readonly centered?: boolean;
}

/** RMSprop (Tieleman & Hinton 2012). learningRate 0.001, rho 0.9, epsilon 1e-7. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = options;
  checkShare("rmsprop", "rho", rho);
  checkShare("rmsprop", "momentum", momentum);
  checkPositive("rmsprop", "epsilon", epsilon);
  return optimizer({
    name: "rmsprop",
    learningRate: 0.001,
    options,
    config: { rho, momentum, epsilon, centered },
    slots: ["velocity", ...(centered ? ["average"] : []), ...(momentum > 0 ? ["momentum"] : [])].map((name) => ({
      name,
    })),
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate("rmsprop", state, inputs, { rho, momentum, epsilon }),
  });
}
