import { describe, it } from "vitest";
import { sgdRule } from "../../src/kernels/optimizers/update_rules.ts";
import { checkCase, checkStep, optimizerCases, updateCall } from "./optimizer_cases.ts";

const callWith = (momentum: number, nesterov: boolean) => updateCall(sgdRule, ["momentum"], { momentum, nesterov });

describe("sgd's update", () => {
  it.each(optimizerCases("sgd"))("gives Keras's figures: %s", (_, options) => {
    const { momentum = 0, nesterov = false, learningRate } = options;
    return checkCase("sgd", options, momentum > 0 ? [0, 0] : [0], callWith(momentum, nesterov), () => [learningRate]);
  });

  it.each([
    [0, false],
    [0.9, false],
    [0.9, true],
  ])("agrees with float64 over several workgroups: momentum %d, nesterov %s", (momentum, nesterov) =>
    checkStep(momentum > 0 ? 2 : 1, callWith(momentum, nesterov), [0.02, 0.01], ([w, velocity = 0], g) => {
      const moved = momentum * velocity - 0.02 * g;
      return [(w as number) * 0.99 + (nesterov ? momentum * moved - 0.02 * g : moved), moved];
    }),
  );
});
