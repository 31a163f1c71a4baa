import { checkFloat32 } from "../../core/float32_check.ts";
import { optimizerUpdate } from "../../ops/optimizers/update.ts";
import { checkShare, type Optimizer, type OptimizerOptions, optimizer } from "./base.ts";

/** Options of `lion`. */
export interface LionOptions extends OptimizerOptions {
  /** How the gradient and its mean are mixed for the step. */
  readonly beta1?: number;
  /** How the mean follows the gradient. */
  readonly beta2?: number;
}

/** Lion: steps by the sign alone (Chen et al. 2023); wants a smaller learning rate than Adam. learningRate 0.001, beta1 0.9, beta2 0.99. */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  checkFloat32("lion", "beta1", beta1, "0 < beta1 ≤ 1", (share) => share > 0 && share <= 1);
  checkShare("lion", "beta2", beta2);
  return optimizer({
    name: "lion",
    learningRate: 0.001,
    options,
    config: { beta1, beta2 },
    slots: [{ name: "momentum" }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate("lion", state, inputs, { beta1, beta2 }),
  });
}
