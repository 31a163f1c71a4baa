import { describe, it } from "vitest";
import { ftrlRule } from "../../src/kernels/optimizers/update_rules.ts";
import { checkStep, updateCall } from "./optimizer_cases.ts";

describe("ftrl's update", () => {
  it.each([
    [0.5, 0, 0],
    [0.5, 0.4, 0.1],
    [1, 0.4, 0],
    [0, 0.1, 0.2],
  ])("agrees with float64 over several workgroups: power %d, l1 %d, shrinkage %d", (power, l1, shrinkage) =>
    checkStep(
      3,
      updateCall(ftrlRule, ["accumulator", "linear"], { power, l1, shrinkage }),
      [0.2, 0.01, 0.3],
      (state, g) => {
        const [before, squares, linear] = state as [number, number, number];
        const w = before * 0.99;
        const next = squares + g * g;
        const line = linear + g + 2 * shrinkage * w - ((next ** power - squares ** power) / 0.2) * w;
        // A weight whose linear term is within l1 of 0 is 0.
        const left = Math.abs(line) <= l1 ? 0 : Math.sign(line) * l1 - line;
        return [left / (next ** power / 0.2 + 0.3), next, line];
      },
    ),
  );
});
