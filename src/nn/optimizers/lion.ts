import { float32, readOptions, share, withDefault } from "../../core/option_table.ts";
import { lionUpdate, optimizerUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `lion`. */
export interface LionOptions extends OptimizerOptions {
  /** The weight of the gradients' mean in the step. */
  readonly beta1?: number;
  /** The decay factor of the gradients' mean. */
  readonly beta2?: number;
}

const mix = float32("0 < number ≤ 1", (value) => value > 0 && value <= 1);

const LION = { ...SHARED, beta1: withDefault(mix, 0.9), beta2: withDefault(share, 0.99) };

/**
 * Lion: uses only the sign of the update (Chen et al. 2023); needs a smaller learning rate than Adam. learningRate
 * 0.001, beta1 0.9, beta2 0.99.
 */
export function lion(given: LionOptions = {}): Optimizer {
  const options = readOptions("lion", LION, given);
  const { beta1, beta2 } = options;
  return optimizer({
    name: "lion",
    learningRate: 0.001,
    options,
    config: { beta1, beta2 },
    slots: [{ name: "momentum" }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate(lionUpdate, state, inputs, { beta1, beta2 }),
  });
}
