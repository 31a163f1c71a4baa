import { checkFloat32 } from "../../core/float32_check.ts";
import { optimizerUpdate } from "../../ops/optimizers/update.ts";
import { checkNotNegative, checkPositive, type Optimizer, type OptimizerOptions, optimizer } from "./base.ts";

/** Options of `ftrl`. */
export interface FtrlOptions extends OptimizerOptions {
  /** At most 0: how the learning rate falls as squares add up; 0 keeps it. */
  readonly learningRatePower?: number;
  /** What the sums of squares begin with: above 0. Keras takes 0 too, and makes NaN of a weight that has no gradient at first. */
  readonly initialAccumulatorValue?: number;
  readonly l1RegularizationStrength?: number;
  readonly l2RegularizationStrength?: number;
  /** A penalty on the weights' size, beside the two that steady the steps. */
  readonly l2ShrinkageRegularizationStrength?: number;
  /** The paper's beta. */
  readonly beta?: number;
}

/** FTRL (McMahan et al. 2013), for wide, shallow models. learningRate 0.001, learningRatePower −0.5, initialAccumulatorValue 0.1, no regularization. */
export function ftrl(options: FtrlOptions = {}): Optimizer {
  const { learningRatePower = -0.5, initialAccumulatorValue = 0.1, beta = 0 } = options;
  const { l1RegularizationStrength = 0, l2RegularizationStrength = 0, l2ShrinkageRegularizationStrength = 0 } = options;
  const notNegative = {
    l1RegularizationStrength,
    l2RegularizationStrength,
    l2ShrinkageRegularizationStrength,
    beta,
  };
  const config = { learningRatePower, initialAccumulatorValue, ...notNegative };
  checkFloat32("ftrl", "learningRatePower", learningRatePower, "at most 0", (power) => power <= 0);
  checkPositive("ftrl", "initialAccumulatorValue", initialAccumulatorValue);
  for (const [name, value] of Object.entries(notNegative)) checkNotNegative("ftrl", name, value);
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
    apply: (state, inputs) => optimizerUpdate("ftrl", state, inputs, attributes),
  });
}
