/** Keras's own figures for optimizers (fixtures/optimizers.json), run through a kernel step by step. */
import { expect } from "vitest";
import { at } from "../../src/core/at.ts";
import type { HostData } from "../../src/core/dtype.ts";
import type { KernelCall, Operand } from "../../src/core/kernel_call.ts";
import type { Shape } from "../../src/core/shape.ts";
import { optimizerUpdateCall, type UpdateRule } from "../../src/kernels/optimizers/update.ts";
import cases from "../fixtures/optimizers.json" with { type: "json" };
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";
import { expectClose } from "./close.ts";

/** Keras's options of a case. */
export interface OptimizerOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly amsgrad?: boolean;
  readonly centered?: boolean;
  readonly weightDecay?: number;
}

interface Tensor {
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** Float32 against Keras's float32, eight steps. */
const TOLERANCE = 1e-6;

/** The operands of an update: state tensors as inputs and outputs, and what every update reads. */
export interface UpdateOperands {
  readonly state: readonly Operand[];
  readonly outputs: readonly Operand[];
  readonly shared: { readonly gradient: Operand; readonly rates: Operand; readonly status: Operand };
}

/** Operands for a variable of `shape` with `count` state tensors (the variable is the first). */
export function updateOperands(shape: Shape, count: number): UpdateOperands {
  return {
    state: Array.from({ length: count }, (_, index) => operand("input", index, shape)),
    outputs: Array.from({ length: count }, (_, index) => operand("output", index, shape)),
    shared: {
      gradient: operand("input", count, shape),
      rates: operand("input", count + 1, [6]),
      status: operand("input", count + 2, [1], "int32"),
    },
  };
}

/** Makes the call of one variable's update, whose state is w and those of these slots for which there are operands. */
export function updateCall<C>(
  rule: UpdateRule<C>,
  slots: readonly string[],
  constants: C,
): (operands: UpdateOperands) => KernelCall {
  return (operands) => groupCall(rule, slots, constants, [operands]);
}

/** Makes the call of several variables' updates, all given the rates and status of the first. */
export function groupCall<C>(
  rule: UpdateRule<C>,
  slots: readonly string[],
  constants: C,
  variables: readonly UpdateOperands[],
): KernelCall {
  const named = (operands: readonly Operand[]) => ({
    ...Object.fromEntries(slots.map((slot, index) => [slot, operands[index + 1]])),
    w: at(operands, 0),
  });
  const { rates, status } = at(variables, 0).shared;
  return optimizerUpdateCall(
    rule,
    variables.map(({ state, outputs, shared: { gradient } }) => ({
      state: named(state),
      next: named(outputs),
      gradient,
    })),
    { rates, status },
    constants,
  );
}

/** Cases of an optimizer, without those that clip gradients. */
export function optimizerCases(name: string): [string, OptimizerOptions][] {
  return cases
    .filter(({ optimizer, options }) => optimizer === name && !/clip/i.test(JSON.stringify(options)))
    .map(({ options }) => [JSON.stringify(options), options]);
}

/**
 * The numbers of a step: the step size, weight decay (from the options where `checkCase` fills it in), and two of the
 * rule's own.
 */
const ratesOf = (stepSize: number, decay: number, second = 0, third = 0) =>
  Float32Array.of(stepSize, decay, second, third, 0, 0);

/**
 * Applies a case's eight gradients with `call`, which gets the operands of one variable, and compares with Keras's
 * result.
 * `fills` are what the state tensors begin with, the variable's own aside; `ruleRates` the step size of the 1-based
 * step, and the rule's own numbers.
 */
export async function checkCase(
  name: string,
  options: OptimizerOptions,
  fills: readonly number[],
  call: (operands: UpdateOperands) => KernelCall,
  ruleRates: (step: number) => readonly [number, number?, number?],
): Promise<void> {
  const found = cases.find(
    (entry) => entry.optimizer === name && JSON.stringify(entry.options) === JSON.stringify(options),
  );
  if (found === undefined) throw new Error(`no case ${name} ${JSON.stringify(options)}`);
  const { start, gradients, end } = found as unknown as { start: Tensor[]; gradients: Tensor[][]; end: Tensor[] };
  const device = await testDevice();
  for (const [variable, { shape, data }] of start.entries()) {
    const kernel = call(updateOperands(shape, fills.length));
    let state: HostData[] = fills.map((fill) => new Float32Array(data.length).fill(fill));
    state[0] = Float32Array.from(data);
    for (const [index, step] of gradients.entries()) {
      const gradient = Float32Array.from((step[variable] as Tensor).data);
      const decay = options.learningRate * (options.weightDecay ?? 0);
      const [stepSize, second, third] = ruleRates(index + 1);
      const rates = ratesOf(stepSize, decay, second, third);
      const before = state;
      state = await runKernel(device, kernel, [...before, gradient, rates, Int32Array.of(0)]);
      if (index === 0) {
        const frozen = await runKernel(device, kernel, [...before, gradient, rates, Int32Array.of(7)]);
        expect(frozen, "a status other than 0 stops the update").toEqual(before);
      }
    }
    expectClose(state[0] as HostData, (end[variable] as Tensor).data, TOLERANCE, `variable ${variable}`);
  }
}

/**
 * Checks one step on a size of several workgroups against `reference`, which updates one element's state in float64.
 */
export async function checkStep(
  stateCount: number,
  call: (operands: UpdateOperands) => KernelCall,
  rates: readonly [number, number, number?, number?],
  reference: (state: readonly number[], gradient: number) => readonly number[],
): Promise<void> {
  const size = 257;
  // States such as second moments must not be negative.
  const state = Array.from({ length: stateCount }, (_, index) =>
    Float32Array.from({ length: size }, (_, at) => (((at * 37 + index * 11) % 101) + 1) / 101),
  );
  const gradient = Float32Array.from({ length: size }, (_, at) => Math.sin(at * 1.7));
  const inputs = [...state, gradient, ratesOf(...rates), Int32Array.of(0)];
  const outputs = await runKernel(await testDevice(), call(updateOperands([size], stateCount)), inputs);
  const wanted = Array.from({ length: size }, (_, at) =>
    reference(
      state.map((tensor) => tensor[at] as number),
      gradient[at] as number,
    ),
  );
  outputs.forEach((tensor, index) => {
    expectClose(
      tensor,
      wanted.map((values) => values[index] as number),
      TOLERANCE,
      `state ${index}`,
    );
  });
}
