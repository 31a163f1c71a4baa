/** The activations that shaders apply, and their slopes, against float64: in units of the result's last place. */
import { describe, expect, it } from "vitest";
import activations from "../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import { at } from "../../src/core/at.ts";
import type { HostData } from "../../src/core/dtype.ts";
import type { KernelCall } from "../../src/core/kernel_call.ts";
import {
  activationCode,
  KERNEL_ACTIVATIONS,
  type KernelActivation,
} from "../../src/kernels/elementwise/activations.ts";
import { dispatch } from "../../src/kernels/wgsl/dispatch.ts";
import { Shader } from "../../src/kernels/wgsl/shader.ts";
import { activate, slopeFromOutput } from "../../src/ops/recurrent/activation_reference.ts";
import { testDevice } from "../support/device.ts";
import { operand, runKernel } from "../support/kernel.ts";

const shader = Shader.of({
  apply: `
struct Params {
  code: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> values: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> slopes: array<vec4f>;
@compute @workgroup_size(64)
fn apply(@builtin(global_invocation_id) global: vec3u) {
  values[global.x] = activate_each(params.code, x[global.x]);
  for (var n = 0u; n < 4u; n++) { slopes[global.x][n] = slope(params.code, x[global.x][n]); }
}
`,
  activations,
});

const COUNT = 1 << 14;

/** Half of them evenly over the range, half from a millionth on by magnitude, of both signs. */
function points(range: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: COUNT }, (_, index) => {
    const sign = index % 2 === 0 ? 1 : -1;
    const share = Math.floor(index / 4) / (COUNT / 4);
    return sign * (index % 4 < 2 ? range * share : range * 1e-6 ** share);
  });
}

async function onDevice(name: KernelActivation, x: Float32Array<ArrayBuffer>): Promise<readonly HostData[]> {
  const [input, values, slopes] = [0, 1, 2].map((index) => operand("input", index, [COUNT]));
  if (input === undefined || values === undefined || slopes === undefined) throw new Error("three operands");
  const call: KernelCall = {
    kernel: "activations",
    reads: { input },
    writes: { values, slopes },
    plan: () => ({
      dispatches: [
        dispatch({
          label: "activations",
          shader,
          entryPoint: "apply",
          params: { code: activationCode(name) },
          buffers: { x: input, values, slopes },
          workgroups: [COUNT / 4 / 64, 1, 1],
        }),
      ],
    }),
  };
  return runKernel(await testDevice(), call, [x]);
}

/** The worst of all, as a share of what WGSL lets `exp` alone be off (3 + 2 |x| places), and four places more. */
function worstError(x: Float32Array, came: ArrayLike<number>, wanted: (x: number) => number): number {
  return Math.max(
    ...x.map((value, index) => {
      const want = wanted(value);
      const place = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(want) || Number.MIN_VALUE))) - 23);
      return Math.abs(at(came, index) - want) / place / (7 + 2 * Math.abs(value));
    }),
  );
}

/** Outputs from which a slope is taken: of the others it is nowhere asked. */
const OUTPUTS: Readonly<Record<KernelActivation, (y: number) => boolean>> = {
  linear: () => true,
  tanh: (y) => Math.abs(y) <= 1,
  sigmoid: (y) => y >= 0 && y <= 1,
  relu: (y) => y >= 0,
  hard_sigmoid: (y) => y >= 0 && y <= 1,
  softplus: (y) => y >= 0,
  elu: (y) => y >= -1,
};

describe.each(KERNEL_ACTIVATIONS)("%s", (name) => {
  it("keeps the relative precision of float32", async () => {
    const x = points(80);
    const [values = []] = await onDevice(name, x);
    expect(worstError(x, values, (value) => activate(name, value))).toBeLessThan(1);
  });

  it("keeps it in the slope by its output", async () => {
    const y = points(1);
    const [, slopes = []] = await onDevice(name, y);
    const asked = [...y.keys()].filter((index) => OUTPUTS[name](at(y, index)));
    expect(asked.length).toBeGreaterThan(COUNT / 4);
    const error = worstError(
      y.filter((_, index) => OUTPUTS[name](at(y, index))),
      asked.map((index) => at(slopes, index)),
      (value) => slopeFromOutput(name, value),
    );
    expect(error).toBeLessThan(1);
  });

  it("stays finite for huge arguments", async () => {
    const x = new Float32Array(COUNT).map((_, index) => (index % 2 === 0 ? 1e30 : -1e30));
    const [values = []] = await onDevice(name, x);
    expect(Array.from(values.slice(0, 2), (value) => Number.isFinite(value))).toEqual([true, true]);
  });
});
