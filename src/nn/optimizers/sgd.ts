import { optimizerUpdate } from "../../ops/optimizers/update.ts";
import { checkShare, type Optimizer, type OptimizerOptions, optimizer } from "./base.ts";

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent, with momentum if asked (Sutskever et al. 2013). learningRate 0.01. */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false } = options;
  checkShare("sgd", "momentum", momentum);
  return optimizer({
    name: "sgd",
    learningRate: 0.01,
    options,
    config: { momentum, nesterov },
    slots: momentum === 0 ? [] : [{ name: "momentum" }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate("sgd", state, inputs, { momentum, nesterov }),
  });
}
