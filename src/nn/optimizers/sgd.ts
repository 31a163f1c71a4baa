import { flag, readOptions, share, withDefault } from "../../core/option_table.ts";
import { optimizerUpdate, sgdUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

const SGD = { ...SHARED, momentum: withDefault(share, 0), nesterov: withDefault(flag, false) };

/** Stochastic gradient descent, with optional momentum (Sutskever et al. 2013). learningRate 0.01. */
export function sgd(given: SgdOptions = {}): Optimizer {
  const options = readOptions("sgd", SGD, given);
  const { momentum, nesterov } = options;
  return optimizer({
    name: "sgd",
    learningRate: 0.01,
    options,
    config: { momentum, nesterov },
    slots: momentum === 0 ? [] : [{ name: "momentum" }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate(sgdUpdate, state, inputs, { momentum, nesterov }),
  });
}
