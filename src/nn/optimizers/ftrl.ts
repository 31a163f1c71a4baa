import { aboveZero, float32, nonNegative, readOptions, readSome, withDefault } from "../../core/option_table.ts";
import { ftrlUpdate, optimizerUpdate } from "../../ops/optimizers/update.ts";
import { type Optimizer, type OptimizerOptions, optimizer, SHARED } from "./base.ts";

/** Options of `ftrl`. */
export interface FtrlOptions extends OptimizerOptions {
  /** The exponent, at most 0, by which the learning rate falls as squares accumulate; 0 keeps it constant. */
  readonly learningRatePower?: number;
  /**
   * The initial value of the sums of squares; must be above 0. Keras also accepts 0, which makes weights without an
   * initial gradient NaN.
   */
  readonly initialAccumulatorValue?: number;
  readonly l1RegularizationStrength?: number;
  readonly l2RegularizationStrength?: number;
  /** An additional L2 penalty on the weights' magnitude. */
  readonly l2ShrinkageRegularizationStrength?: number;
  /** The paper's beta. */
  readonly beta?: number;
}

const nonPositive = float32("a finite number of at most 0", (value) => value <= 0);

const FTRL = {
  learningRatePower: withDefault(nonPositive, -0.5),
  initialAccumulatorValue: withDefault(aboveZero, 0.1),
  l1RegularizationStrength: withDefault(nonNegative, 0),
  l2RegularizationStrength: withDefault(nonNegative, 0),
  l2ShrinkageRegularizationStrength: withDefault(nonNegative, 0),
  beta: withDefault(nonNegative, 0),
};

/**
 * FTRL (McMahan et al. 2013), for wide, shallow models. learningRate 0.001, learningRatePower −0.5,
 * initialAccumulatorValue 0.1, no regularization.
 */
export function ftrl(given: FtrlOptions = {}): Optimizer {
  const options = readOptions("ftrl", { ...SHARED, ...FTRL }, given);
  const config = readSome("ftrl", FTRL, options);
  const { learningRatePower, initialAccumulatorValue, beta } = config;
  const { l1RegularizationStrength, l2RegularizationStrength, l2ShrinkageRegularizationStrength } = config;
  const attributes = {
    power: -learningRatePower,
    l1: l1RegularizationStrength,
    shrinkage: l2ShrinkageRegularizationStrength,
  };
  return optimizer({
    name: "ftrl",
    learningRate: 0.001,
    options,
    config,
    slots: [{ name: "accumulator", fill: initialAccumulatorValue }, { name: "linear" }],
    dividesByRate: true,
    rates: (rate) => [rate, 2 * l2RegularizationStrength + (beta === 0 ? 0 : beta / rate)],
    apply: (state, inputs) => optimizerUpdate(ftrlUpdate, state, inputs, attributes),
  });
}
