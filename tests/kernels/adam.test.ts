import { describe, it } from "vitest";
import type { Operand } from "../../src/core/kernel_call.ts";
import { type AdamState, adamCall } from "../../src/kernels/optimizers/adam.ts";
import { checkCase, checkStep, optimizerCases, type UpdateOperands } from "./optimizer_cases.ts";

const OPTIONS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const named = ([w, m, v, vMax]: readonly Operand[]) => ({ w, m, v, vMax }) as AdamState;
const call = ({ state, outputs, shared }: UpdateOperands) =>
  adamCall({ ...named(state), ...shared }, named(outputs), OPTIONS);

describe("adamCall", () => {
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
