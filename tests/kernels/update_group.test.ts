/** Updates of several variables together: the same bits as one after another, in as few dispatches as the buffers allow. */
import { beforeAll, describe, expect, it } from "vitest";
import type { HostData } from "../../src/core/dtype.ts";
import type { KernelCall, Operand } from "../../src/core/kernel_call.ts";
import { Random } from "../../src/core/random.ts";
import { type Device, ValueError } from "../../src/index.ts";
import { adamCall } from "../../src/kernels/optimizers/adam.ts";
import { type AdaptiveRule, adaptiveCall } from "../../src/kernels/optimizers/adaptive.ts";
import { ftrlCall } from "../../src/kernels/optimizers/ftrl.ts";
import { rmspropCall } from "../../src/kernels/optimizers/rmsprop.ts";
import { sgdCall } from "../../src/kernels/optimizers/sgd.ts";
import { updateGroupCall } from "../../src/kernels/optimizers/update_group.ts";
import { testDevice } from "../support/device.ts";
import { runKernel, testTraits } from "../support/kernel.ts";
import { type UpdateOperands, updateOperands } from "./optimizer_cases.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** Elements of the variables: a workgroup and a bit, one, and several workgroups. */
const SIZES = [70, 1, 300, 9, 64];

type MakeCall = (operands: UpdateOperands) => KernelCall;
const at = (values: readonly Operand[], index: number) => values[index] as Operand;

const adam: MakeCall = ({ state, outputs, shared }) => {
  const named = (values: readonly Operand[]) => ({
    w: at(values, 0),
    m: at(values, 1),
    v: at(values, 2),
    vMax: values[3],
  });
  return adamCall({ ...named(state), ...shared }, named(outputs), { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
};
const sgd: MakeCall = ({ state, outputs, shared }) =>
  sgdCall(
    { w: at(state, 0), velocity: state[1], ...shared },
    { w: at(outputs, 0), velocity: outputs[1] },
    { momentum: 0.9, nesterov: true },
  );
const rmsprop: MakeCall = ({ state, outputs, shared }) => {
  const named = (values: readonly Operand[]) => ({
    w: at(values, 0),
    velocity: at(values, 1),
    average: values[2],
    momentum: values[3],
  });
  const options = { rho: 0.9, momentum: 0.9, epsilon: 1e-7, centered: state.length > 2 };
  return rmspropCall({ ...named(state), ...shared }, named(outputs), options);
};
const ftrl: MakeCall = ({ state, outputs, shared }) => {
  const named = (values: readonly Operand[]) => ({
    w: at(values, 0),
    accumulator: at(values, 1),
    linear: at(values, 2),
  });
  return ftrlCall({ ...named(state), ...shared }, named(outputs), { power: 0.5, l1: 0.01, shrinkage: 0.1 });
};
const adaptive =
  (rule: AdaptiveRule): MakeCall =>
  ({ state, outputs, shared }) => {
    const named = (values: readonly Operand[]) => ({ w: at(values, 0), first: at(values, 1), second: values[2] });
    return adaptiveCall(rule, { ...named(state), ...shared }, named(outputs), {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-7,
    });
  };

function inputsOf(size: number, states: number, random: Random, status: number): HostData[] {
  const tensor = () => Float32Array.from({ length: size }, () => 0.1 + random.uniform());
  const rates = Float32Array.of(0.02, 0.01, 0.3, 0.4, 0, 0);
  return [...Array.from({ length: states + 1 }, tensor), rates, Int32Array.of(status)];
}

const limited = (maxStorageBuffersPerShaderStage: number) =>
  testTraits("lavapipe", { limits: { ...testTraits().limits, maxStorageBuffersPerShaderStage } });

describe("updateGroupCall", () => {
  it.each<[string, MakeCall, number, number]>([
    ["adam", adam, 3, 2],
    ["adam with amsgrad", adam, 4, 3],
    ["sgd", sgd, 1, 1],
    ["sgd with momentum", sgd, 2, 2],
    ["rmsprop", rmsprop, 2, 2],
    ["rmsprop with all its states", rmsprop, 4, 3],
    ["ftrl", ftrl, 3, 2],
    ["adagrad", adaptive("adagrad"), 2, 2],
    ["adadelta", adaptive("adadelta"), 3, 2],
    ["nadam", adaptive("nadam"), 3, 2],
    ["lion", adaptive("lion"), 2, 2],
    ["adamax", adaptive("adamax"), 3, 2],
  ])("gives the bits of %s's updates one by one", async (_, make, states, dispatches) => {
    const random = new Random(3);
    const calls = SIZES.map((size) => make(updateOperands([size], states)));
    const inputs = SIZES.map((size) => inputsOf(size, states, random, 0));
    const apart: HostData[] = [];
    for (const [index, call] of calls.entries()) {
      apart.push(...(await runKernel(device, call, inputs[index] as HostData[])));
    }
    const adapter = limited(Math.min(16, device.gpu.limits.maxStorageBuffersPerShaderStage));
    const together = await runKernel(device, updateGroupCall(calls), inputs.flat(), { adapter });
    expect(together).toEqual(apart);
    expect(updateGroupCall(calls).plan(limited(16)).dispatches).toHaveLength(dispatches);
  });

  it("takes one variable at a time where there are only WebGPU's default buffers for it", () => {
    const calls = SIZES.map((size) => adam(updateOperands([size], 3)));
    const { dispatches } = updateGroupCall(calls).plan(limited(8));
    expect(dispatches.map(({ entryPoint }) => entryPoint)).toEqual(SIZES.map(() => "adam"));
  });

  it("changes nothing once the status is not 0", async () => {
    const calls = [5, 80].map((size) => sgd(updateOperands([size], 2)));
    const inputs = [5, 80].map((size) => inputsOf(size, 2, new Random(4), 7));
    const came = await runKernel(device, updateGroupCall(calls), inputs.flat());
    expect(came).toEqual(inputs.flatMap((own) => own.slice(0, 2)));
  });

  it("refuses a shader of another form", () => {
    const call = adam(updateOperands([4], 3));
    const odd: KernelCall = {
      ...call,
      plan: (adapter) => {
        const plan = call.plan(adapter);
        return {
          ...plan,
          dispatches: plan.dispatches.map((d) => ({ ...d, source: d.source.replace("size: u32", "n: u32") })),
        };
      },
    };
    expect(() => updateGroupCall([odd, odd]).plan(limited(16))).toThrow(ValueError);
  });
});
