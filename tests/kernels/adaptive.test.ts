import { describe, it } from "vitest";
import {
  adadeltaRule,
  adagradRule,
  adamaxRule,
  lionRule,
  nadamRule,
} from "../../src/kernels/optimizers/update_rules.ts";
import { checkCase, checkStep, optimizerCases, updateCall } from "./optimizer_cases.ts";

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

const CALLS = {
  adagrad: updateCall(adagradRule, ["accumulator"], { epsilon: 1e-7 }),
  adadelta: updateCall(adadeltaRule, ["accumulatedGradient", "accumulatedDelta"], { rho: 0.95, epsilon: 1e-7 }),
  nadam: updateCall(nadamRule, ["m", "v"], ADAM),
  lion: updateCall(lionRule, ["momentum"], { beta1: 0.9, beta2: 0.99 }),
  adamax: updateCall(adamaxRule, ["m", "u"], ADAM),
};

const STATES = { adagrad: [0, 0.1], adadelta: [0, 0, 0], nadam: [0, 0, 0], lion: [0, 0], adamax: [0, 0, 0] };

describe("the updates of adagrad, adadelta, nadam, lion and adamax", () => {
  const plain = ["adagrad", "adadelta", "lion"] as const;
  for (const rule of plain) {
    it.each(optimizerCases(rule))(`gives Keras's figures: ${rule} %s`, (_, options) =>
      checkCase(rule, options, STATES[rule], CALLS[rule], () => [options.learningRate]),
    );
  }

  it.each(optimizerCases("adamax"))("gives Keras's figures: adamax %s", (_, options) =>
    checkCase("adamax", options, STATES.adamax, CALLS.adamax, (t) => [options.learningRate / (1 - 0.9 ** t)]),
  );

  it.each(optimizerCases("nadam"))("gives Keras's figures: nadam %s", (_, options) => {
    const momentum = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** t);
    return checkCase("nadam", options, STATES.nadam, CALLS.nadam, (t) => {
      const product = Array.from({ length: t }, (_, index) => momentum(index + 1)).reduce((a, b) => a * b);
      const [now, next] = [momentum(t), momentum(t + 1)];
      const rate = options.learningRate;
      return [(rate * next) / (1 - product * next), (rate * (1 - now)) / (1 - product), 1 / (1 - 0.999 ** t)];
    });
  });

  it("agrees with float64 over several workgroups: adagrad", () =>
    checkStep(2, CALLS.adagrad, [0.02, 0.01], ([w, sum], g) => {
      const squares = (sum as number) + g * g;
      return [(w as number) * 0.99 - (0.02 * g) / Math.sqrt(squares + 1e-7), squares];
    }));

  it("agrees with float64 over several workgroups: adadelta", () =>
    checkStep(3, CALLS.adadelta, [0.02, 0.01], ([w, a, d], g) => {
      const squares = 0.95 * (a as number) + 0.05 * g * g;
      const delta = (Math.sqrt((d as number) + 1e-7) * g) / Math.sqrt(squares + 1e-7);
      return [(w as number) * 0.99 - 0.02 * delta, squares, 0.95 * (d as number) + 0.05 * delta * delta];
    }));

  it("agrees with float64 over several workgroups: nadam", () =>
    checkStep(3, CALLS.nadam, [0.02, 0.01, 0.03, 1.5], ([w, m, v], g) => {
      const mean = 0.9 * (m as number) + 0.1 * g;
      const squares = 0.999 * (v as number) + 0.001 * g * g;
      return [(w as number) * 0.99 - (0.02 * mean + 0.03 * g) / (Math.sqrt(squares * 1.5) + 1e-7), mean, squares];
    }));

  it("agrees with float64 over several workgroups: lion", () =>
    checkStep(2, CALLS.lion, [0.02, 0.01], ([w, m], g) => [
      (w as number) * 0.99 - 0.02 * Math.sign(0.9 * (m as number) + 0.1 * g),
      0.99 * (m as number) + 0.01 * g,
    ]));

  it("agrees with float64 over several workgroups: adamax", () =>
    checkStep(3, CALLS.adamax, [0.02, 0.01], ([w, m, u], g) => {
      const mean = 0.9 * (m as number) + 0.1 * g;
      const largest = Math.max(0.999 * (u as number), Math.abs(g));
      return [(w as number) * 0.99 - (0.02 * mean) / (largest + 1e-7), mean, largest];
    }));
});
