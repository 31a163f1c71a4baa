/**
 * Updates of several variables together: the same bits as one after another, in as few dispatches as the buffers allow.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { at } from "../../src/core/at.ts";
import type { HostData } from "../../src/core/dtype.ts";
import { Random } from "../../src/core/random.ts";
import { type Device, ValueError } from "../../src/index.ts";
import type { UpdateRule } from "../../src/kernels/optimizers/update.ts";
import {
  adadeltaRule,
  adagradRule,
  adamaxRule,
  adamRule,
  ftrlRule,
  lionRule,
  nadamRule,
  rmspropRule,
  sgdRule,
  type UpdateConstants,
  type UpdateRuleName,
} from "../../src/kernels/optimizers/update_rules.ts";
import { testDevice } from "../support/device.ts";
import { runKernel, testTraits } from "../support/kernel.ts";
import { groupCall, updateOperands } from "./optimizer_cases.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** Elements of the variables: a workgroup and a bit, one, and several workgroups. */
const SIZES = [70, 1, 300, 9, 64];

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-7 };
const CONSTANTS: UpdateConstants = {
  sgd: { momentum: 0.9, nesterov: true },
  adam: ADAM,
  adamax: ADAM,
  nadam: ADAM,
  rmsprop: { rho: 0.9, momentum: 0.9, epsilon: 1e-7 },
  adagrad: { epsilon: 1e-7 },
  adadelta: { rho: 0.9, epsilon: 1e-7 },
  lion: { beta1: 0.9, beta2: 0.99 },
  ftrl: { power: 0.5, l1: 0.01, shrinkage: 0.1 },
};

const RULES: { readonly [Name in UpdateRuleName]: UpdateRule<UpdateConstants[Name]> } = {
  sgd: sgdRule,
  adam: adamRule,
  adamax: adamaxRule,
  nadam: nadamRule,
  rmsprop: rmspropRule,
  adagrad: adagradRule,
  adadelta: adadeltaRule,
  lion: lionRule,
  ftrl: ftrlRule,
};

/** The call for variables of these sizes, each with w and the slots. */
const callFor = <Name extends UpdateRuleName>(rule: Name, slots: readonly string[], sizes: readonly number[]) =>
  groupCall<UpdateConstants[Name]>(
    RULES[rule],
    slots,
    CONSTANTS[rule],
    sizes.map((size) => updateOperands([size], slots.length + 1)),
  );

/** Each variable's state, then its gradient. */
function tensorsOf(sizes: readonly number[], slots: readonly string[], seed: number): HostData[][] {
  const random = new Random(seed);
  const tensor = (length: number) => Float32Array.from({ length }, () => 0.1 + random.uniform());
  return sizes.map((size) => ["w", ...slots, "gradient"].map(() => tensor(size)));
}

const RATES = Float32Array.of(0.02, 0.01, 0.3, 0.4, 0, 0);

/** Lists of one variable's tensors as lists of one tensor of all variables. */
const byName = (variables: readonly (readonly HostData[])[]): HostData[] =>
  (variables[0] ?? []).flatMap((_, tensor) => variables.map((own) => at(own, tensor)));

const limited = (maxStorageBuffersPerShaderStage: number) =>
  testTraits("lavapipe", { limits: { ...testTraits().limits, maxStorageBuffersPerShaderStage } });

describe("optimizerUpdateCall of several variables", () => {
  it.each<[UpdateRuleName, string[], number]>([
    ["adam", ["m", "v"], 2],
    ["adam", ["m", "v", "vMax"], 3],
    ["sgd", [], 1],
    ["sgd", ["momentum"], 2],
    ["rmsprop", ["velocity"], 2],
    ["rmsprop", ["velocity", "average", "momentum"], 3],
    ["ftrl", ["accumulator", "linear"], 2],
    ["adagrad", ["accumulator"], 2],
    ["adadelta", ["accumulatedGradient", "accumulatedDelta"], 2],
    ["nadam", ["m", "v"], 2],
    ["lion", ["momentum"], 2],
    ["adamax", ["m", "u"], 2],
  ])("gives the bits of one by one: %s with %j", async (rule, slots, dispatches) => {
    const variables = tensorsOf(SIZES, slots, 3);
    const apart: HostData[][] = [];
    for (const [index, size] of SIZES.entries()) {
      const inputs = [...at(variables, index), RATES, Int32Array.of(0)];
      apart.push(await runKernel(device, callFor(rule, slots, [size]), inputs));
    }
    const adapter = limited(Math.min(16, device.gpu.limits.maxStorageBuffersPerShaderStage));
    const call = callFor(rule, slots, SIZES);
    const together = await runKernel(device, call, [...byName(variables), RATES, Int32Array.of(0)], { adapter });
    expect(together).toEqual(byName(apart));
    expect(call.plan(limited(16)).dispatches).toHaveLength(dispatches);
  });

  it("takes one variable at a time where there are only WebGPU's default buffers for it", () => {
    const { dispatches } = callFor("adam", ["m", "v"], SIZES).plan(limited(8));
    expect(dispatches.map(({ buffers }) => buffers.length)).toEqual(SIZES.map(() => 6));
  });

  it("changes nothing once the status is not 0", async () => {
    const variables = tensorsOf([5, 80], ["momentum"], 4);
    const inputs = [...byName(variables), RATES, Int32Array.of(7)];
    const came = await runKernel(device, callFor("sgd", ["momentum"], [5, 80]), inputs);
    expect(came).toEqual(byName(variables.map((own) => own.slice(0, 2))));
  });

  it("refuses slots that are not the rule's, and lists them", () => {
    expect(() => callFor("adam", ["m"], [4])).toThrow(ValueError);
    expect(() => callFor("adam", ["m"], [4])).toThrow("adam: its state is w, m, v, vMax (optional); got m, w");
    expect(() => callFor("adagrad", ["accumulator", "m"], [4])).toThrow("adagrad: its state is w, accumulator; got");
  });

  it("refuses variables with different slots", () => {
    const [one, two] = [updateOperands([4], 2), updateOperands([4], 1)];
    expect(() => groupCall(sgdRule, ["momentum"], CONSTANTS.sgd, [one, two])).toThrow(
      "sgd: a variable has no momentum",
    );
  });
});
