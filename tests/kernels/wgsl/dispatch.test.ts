/** A kernel's call by names: what is bound, and that names, order and types are those of the shader. */
import { describe, expect, test } from "vitest";
import type { Operand, Scratch } from "../../../src/core/kernel_call.ts";
import { dispatch, type NamedDispatch } from "../../../src/kernels/wgsl/dispatch.ts";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";

const shader = Shader.of({
  main: `
const HAS_BIAS = false;
const HAS_MASK = 0u;
struct Params { size: u32, offset: i32, rate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<i32>;
@group(0) @binding(5) var<storage, read> other: array<i32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (HAS_BIAS && HAS_MASK == 1u && mask[0] == params.offset) { out[id.x] = x[id.x] * params.rate + bias[params.size]; }
}
@compute @workgroup_size(1)
fn second() { out[0] = f32(other[0]); }
`,
});

const operand = (): Operand => ({ shape: [4], dtype: "float32" });
const [x, bias, mask] = [operand(), operand(), operand()];
const out: Scratch = { bytes: 16 };
const CALL: NamedDispatch = {
  label: "scale",
  shader,
  entryPoint: "main",
  params: { rate: 0.5, size: 4, offset: -1 },
  buffers: { out, mask, bias, x },
  workgroups: [1, 1, 1],
};

describe("a dispatch by names", () => {
  test("has params and buffers in the shader's order, with its types and access", () => {
    const { params, buffers, source, recipe, ...rest } = dispatch({ ...CALL, isExtraChunk: true });
    expect(params).toEqual([
      { type: "u32", value: 4 },
      { type: "i32", value: -1 },
      { type: "f32", value: 0.5 },
    ]);
    expect(buffers.map(({ tensor, access }) => [tensor, access])).toEqual([
      [x, "read"],
      [bias, "read"],
      [mask, "read"],
      [out, "read_write"],
    ]);
    expect(buffers.map(({ tensor }) => tensor)[3]).toBe(out);
    expect(source).toContain("const HAS_BIAS = true;\nconst HAS_MASK = 1u;");
    expect(rest).toEqual({ label: "scale", entryPoint: "main", workgroups: [1, 1, 1], isExtraChunk: true });
    expect(recipe).toEqual({
      shader: { files: ["main"], constants: {}, features: [] },
      params: CALL.params,
      buffers: ["x", "bias", "mask", "out"],
      absent: [],
    });
  });

  test("leaves out a buffer that is not there, and says so to the shader, unless the kernel has", () => {
    const without = dispatch({ ...CALL, buffers: { x, bias: undefined, mask: undefined, out } });
    expect(without.buffers.map(({ tensor }) => tensor)).toEqual([x, out]);
    expect(without.source).toContain("const HAS_BIAS = false;\nconst HAS_MASK = 0u;");
    const told = dispatch({ ...CALL, shader: shader.constants({ HAS_MASK: 0 }) });
    expect(told.source).toContain("const HAS_MASK = 0u;");
  });

  test("may name a buffer that is not there, and that the entry point does not reach", () => {
    const { buffers } = dispatch({ ...CALL, buffers: { x, bias, mask, out, other: undefined } });
    expect(buffers.map(({ tensor }) => tensor)).toEqual([x, bias, mask, out]);
  });

  test.each<[string, Partial<NamedDispatch>, string]>([
    [
      "a param that is missing",
      { params: { size: 4, rate: 1 } },
      "scale: the shader's params are size, offset, rate; the kernel names size, rate",
    ],
    [
      "a param that the shader does not have",
      { params: { size: 4, offset: 0, rate: 1, speed: 2 } },
      "scale: the shader's params are size, offset, rate; the kernel names size, offset, rate, speed",
    ],
    ["no params", { params: {} }, "are size, offset, rate; the kernel names "],
    [
      "a list for a param of one tensor",
      { params: { size: [1, 2], offset: 0, rate: 1 } },
      "the param size has 2 values; expected one for each tensor",
    ],
    [
      "a buffer that is missing",
      { buffers: { x, bias, out } },
      "scale: the shader's buffers are x, bias, mask, out; the kernel names x, bias, out",
    ],
    [
      "a buffer that the shader does not have",
      { buffers: { x, bias, mask, out, y: x } },
      "scale: the shader's buffers are x, bias, mask, out; the kernel names x, bias, mask, out, y",
    ],
    [
      "a buffer of another entry point",
      { buffers: { x, bias, mask, out, other: x } },
      "the kernel names x, bias, mask, out, other",
    ],
    [
      "an absent buffer that the shader does not have",
      { buffers: { x, bias, mask, out, y: undefined } },
      "names x, bias, mask, out, y",
    ],
    ["one name for another", { buffers: { x, bias, mask, result: out } }, "the kernel names x, bias, mask, result"],
    ["an entry point that the shader does not have", { entryPoint: "third" }, "no entry point third"],
    [
      "a number that is none",
      { params: { size: Number.NaN, offset: 0, rate: 1 } },
      "scale: the param size is NaN; expected a whole number from 0",
    ],
    [
      "a fraction for a whole number",
      { params: { size: 4, offset: 0.5, rate: 1 } },
      "scale: the param offset is 0.5; expected a whole number",
    ],
    [
      "a negative number without sign",
      { params: { size: -1, offset: 0, rate: 1 } },
      "scale: the param size is -1; expected a whole number from 0",
    ],
    [
      "a number of 33 bits",
      { params: { size: 2 ** 32, offset: 0, rate: 1 } },
      "scale: the param size is 4294967296; expected a whole number",
    ],
  ])("%s is refused", (_, change, message) => {
    expect(() => dispatch({ ...CALL, ...change })).toThrow(message);
  });
});

describe("a dispatch for several tensors", () => {
  const repeated = Shader.of({
    repeated: `
struct Params {
  shared: u32,
  size: u32, // @each
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>; // @each
@group(0) @binding(2) var<storage, read_write> out: array<f32>; // @each
@group(0) @binding(3) var<storage, read> rate: array<f32>;
@compute @workgroup_size(1)
fn main() { out[0] = x[params.size + params.shared] * rate[0]; }
`,
  });
  const [rate, a, b, c, d] = [operand(), operand(), operand(), operand(), operand()];
  const call: NamedDispatch = {
    ...CALL,
    shader: repeated,
    params: { shared: 7, size: [1, 2] },
    buffers: { x: [a, b], out: [c, d], rate },
  };

  test("has each tensor's buffers and params, and the shared ones once", () => {
    const { params, buffers } = dispatch(call);
    expect(params.map(({ value }) => value)).toEqual([7, 1, 2]);
    const tensors = buffers.map(({ tensor }) => tensor);
    expect(tensors.map((tensor) => [a, b, c, d, rate].findIndex((each) => Object.is(each, tensor)))).toEqual([
      0, 2, 1, 3, 4,
    ]);
  });

  test.each<[string, Partial<NamedDispatch>, string]>([
    [
      "buffers for fewer tensors",
      { buffers: { x: [a, b], out: [c], rate } },
      "scale: lists of 2, 1 tensors; expected one length",
    ],
    [
      "params for fewer tensors",
      { params: { shared: 7, size: [1] } },
      "scale: the param size has 1 values; expected one for each tensor",
    ],
    [
      "one param for all",
      { params: { shared: 7, size: 1 } },
      "are shared, size_0, size_1; the kernel names shared, size",
    ],
  ])("%s are refused", (_, change, message) => {
    expect(() => dispatch({ ...call, ...change })).toThrow(message);
  });
});
