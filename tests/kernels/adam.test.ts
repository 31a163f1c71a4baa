import { describe, it } from "vitest";
import { adamRule } from "../../src/kernels/optimizers/update_rules.ts";
import { checkCase, checkStep, optimizerCases, updateCall } from "./optimizer_cases.ts";

const OPTIONS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const call = updateCall(adamRule, ["m", "v", "vMax"], OPTIONS);

describe("adam's update", () => {
  for (const name of ["adam", "adamW"]) {
    it.each(optimizerCases(name))(`gives Keras's figures: ${name} %s`, (_, options) =>
      checkCase(name, options, options.amsgrad === true ? [0, 0, 0, 0] : [0, 0, 0], call, (step) => [
        (options.learningRate * Math.sqrt(1 - OPTIONS.beta2 ** step)) / (1 - OPTIONS.beta1 ** step),
      ]),
    );
  }

  it.each([3, 4])("agrees with float64 over several workgroups, with %i state tensors", (count) =>
    checkStep(count, call, [0.02, 0.01], ([w, m, v, vMax], g) => {
      const first = (m as number) + (g - (m as number)) * (1 - OPTIONS.beta1);
      const second = (v as number) + (g * g - (v as number)) * (1 - OPTIONS.beta2);
      const largest = Math.max(vMax ?? 0, second);
      return [(w as number) * 0.99 - (0.02 * first) / (Math.sqrt(largest) + OPTIONS.epsilon), first, second, largest];
    }),
  );
});
