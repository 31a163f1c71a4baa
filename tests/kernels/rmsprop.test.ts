import { describe, it } from "vitest";
import { rmspropRule } from "../../src/kernels/optimizers/update_rules.ts";
import { checkCase, checkStep, optimizerCases, updateCall } from "./optimizer_cases.ts";

const RHO = 0.9;
const EPSILON = 1e-7;

const callWith = (momentum: number, centered: boolean) =>
  updateCall(rmspropRule, ["velocity", ...(centered ? ["average"] : []), ...(momentum > 0 ? ["momentum"] : [])], {
    rho: RHO,
    momentum,
    epsilon: EPSILON,
  });

const stateCount = (momentum: number, centered: boolean) => 2 + (centered ? 1 : 0) + (momentum > 0 ? 1 : 0);

describe("rmsprop's update", () => {
  it.each(optimizerCases("rmsprop"))("gives Keras's figures: %s", (_, options) => {
    const { momentum = 0, centered = false, learningRate } = options;
    const fills = new Array<number>(stateCount(momentum, centered)).fill(0);
    return checkCase("rmsprop", options, fills, callWith(momentum, centered), () => [learningRate]);
  });

  it.each([
    [0, false],
    [0.5, false],
  ])("agrees with float64 over several workgroups: momentum %d, centered %s", (momentum, centered) =>
    checkStep(stateCount(momentum, centered), callWith(momentum, centered), [0.02, 0.01], (state, g) => {
      const [w, velocity, moved = 0] = state as [number, number, number?];
      const square = RHO * velocity + (1 - RHO) * g * g;
      const increment = momentum * moved + (0.02 * g) / Math.sqrt(square + EPSILON);
      return [w * 0.99 - increment, square, increment];
    }),
  );
});
