import { aboveZero, nonNegative, readOptions, share, withDefault } from "../../core/option_table.ts";
import { adadeltaUpdate, adagradUpdate, optimizerUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** The initial value of the sums of squares. */
  readonly initialAccumulatorValue?: number;
  /** Prevents division by zero; must be above 0. Keras also accepts 0, which makes weights without gradient NaN. */
  readonly epsilon?: number;
}

const ADAGRAD = {
  ...SHARED,
  initialAccumulatorValue: withDefault(nonNegative, 0.1),
  epsilon: withDefault(aboveZero, 1e-7),
};

/** Adagrad (Duchi et al. 2011). learningRate 0.001, initialAccumulatorValue 0.1, epsilon 1e-7. */
export function adagrad(given: AdagradOptions = {}): Optimizer {
  const options = readOptions("adagrad", ADAGRAD, given);
  const { initialAccumulatorValue, epsilon } = options;
  return optimizer({
    name: "adagrad",
    learningRate: 0.001,
    options,
    config: { initialAccumulatorValue, epsilon },
    slots: [{ name: "accumulator", fill: initialAccumulatorValue }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate(adagradUpdate, state, inputs, { epsilon }),
  });
}

/** Options of `adadelta`. */
export interface AdadeltaOptions extends OptimizerOptions {
  readonly rho?: number;
  /** Prevents division by zero; must be above 0. Keras also accepts 0, which makes weights without gradient NaN. */
  readonly epsilon?: number;
}

const ADADELTA = { ...SHARED, rho: withDefault(share, 0.95), epsilon: withDefault(aboveZero, 1e-7) };

/** Adadelta (Zeiler 2012; there the learning rate is 1). learningRate 0.001, rho 0.95, epsilon 1e-7. */
export function adadelta(given: AdadeltaOptions = {}): Optimizer {
  const options = readOptions("adadelta", ADADELTA, given);
  const { rho, epsilon } = options;
  return optimizer({
    name: "adadelta",
    learningRate: 0.001,
    options,
    config: { rho, epsilon },
    slots: [{ name: "accumulatedGradient" }, { name: "accumulatedDelta" }],
    rates: (rate) => [rate],
    apply: (state, inputs) => optimizerUpdate(adadeltaUpdate, state, inputs, { rho, epsilon }),
  });
}
