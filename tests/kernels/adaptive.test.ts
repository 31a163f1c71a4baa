import { describe, it } from "vitest";
import type { Operand } from "../../src/core/kernel_call.ts";
import { type AdaptiveRule, type AdaptiveState, adaptiveCall } from "../../src/kernels/optimizers/adaptive.ts";
import { checkCase, checkStep, optimizerCases, type UpdateOperands } from "./optimizer_cases.ts";

const named = ([w, first, second]: readonly Operand[]) => ({ w, first, second }) as AdaptiveState;
const CONSTANTS = { adagrad: {}, adadelta: { beta1: 0.95 }, lion: { beta1: 0.9, beta2: 0.99 } };
const ADAM = { beta1: 0.9, beta2: 0.999 };

const call =
  (rule: AdaptiveRule) =>
  ({ state, outputs, shared }: UpdateOperands) =>
    adaptiveCall(rule, { ...named(state), ...shared }, named(outputs), {
      ...(rule in CONSTANTS ? CONSTANTS[rule as keyof typeof CONSTANTS] : ADAM),
      epsilon: 1e-7,
    });

const STATES = { adagrad: [0, 0.1], adadelta: [0, 0, 0], nadam: [0, 0, 0], lion: [0, 0], adamax: [0, 0, 0] };

describe("adaptiveCall", () => {
  const plain = ["adagrad", "adadelta", "lion"] as const;
  for (const rule of plain) {
    it.each(optimizerCases(rule))(`gives Keras's figures: ${rule} %s`, (_, options) =>
      checkCase(rule, options, STATES[rule], call(rule), () => [options.learningRate]),
    );
  }

  it.each(optimizerCases("adamax"))("gives Keras's figures: adamax %s", (_, options) =>
    checkCase("adamax", options, STATES.adamax, call("adamax"), (t) => [options.learningRate / (1 - 0.9 ** t)]),
  );

  it.each(optimizerCases("nadam"))("gives Keras's figures: nadam %s", (_, options) => {
    const momentum = (t: number) => 0.9 * (1 - 0.5 * 0.96 ** t);
    return checkCase("nadam", options, STATES.nadam, call("nadam"), (t) => {
      const product = Array.from({ length: t }, (_, index) => momentum(index + 1)).reduce((a, b) => a * b);
      const [now, next] = [momentum(t), momentum(t + 1)];
      const rate = options.learningRate;
      return [(rate * next) / (1 - product * next), (rate * (1 - now)) / (1 - product), 1 / (1 - 0.999 ** t)];
    });
  });

  it("agrees with float64 over several workgroups: adagrad", () =>
    checkStep(2, call("adagrad"), [0.02, 0.01], ([w, sum], g) => {
      const squares = (sum as number) + g * g;
      return [(w as number) * 0.99 - (0.02 * g) / Math.sqrt(squares + 1e-7), squares];
    }));

  it("agrees with float64 over several workgroups: adadelta", () =>
    checkStep(3, call("adadelta"), [0.02, 0.01], ([w, a, d], g) => {
      const squares = 0.95 * (a as number) + 0.05 * g * g;
      const delta = (Math.sqrt((d as number) + 1e-7) * g) / Math.sqrt(squares + 1e-7);
      return [(w as number) * 0.99 - 0.02 * delta, squares, 0.95 * (d as number) + 0.05 * delta * delta];
    }));

  it("agrees with float64 over several workgroups: nadam", () =>
    checkStep(3, call("nadam"), [0.02, 0.01, 0.03, 1.5], ([w, m, v], g) => {
      const mean = 0.9 * (m as number) + 0.1 * g;
      const squares = 0.999 * (v as number) + 0.001 * g * g;
      return [(w as number) * 0.99 - (0.02 * mean + 0.03 * g) / (Math.sqrt(squares * 1.5) + 1e-7), mean, squares];
    }));

  it("agrees with float64 over several workgroups: lion", () =>
    checkStep(2, call("lion"), [0.02, 0.01], ([w, m], g) => [
      (w as number) * 0.99 - 0.02 * Math.sign(0.9 * (m as number) + 0.1 * g),
      0.99 * (m as number) + 0.01 * g,
    ]));

  it("agrees with float64 over several workgroups: adamax", () =>
    checkStep(3, call("adamax"), [0.02, 0.01], ([w, m, u], g) => {
      const mean = 0.9 * (m as number) + 0.1 * g;
      const largest = Math.max(0.999 * (u as number), Math.abs(g));
      return [(w as number) * 0.99 - (0.02 * mean) / (largest + 1e-7), mean, largest];
    }));
});
