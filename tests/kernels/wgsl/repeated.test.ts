import { describe, expect, it } from "vitest";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";
import { squeezed } from "./squeezed.ts";

const frame = `
struct Params {
  size: u32, // @each
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>; // @each
@group(0) @binding(2) var<storage, read> rates: array<f32>;
fn changed(index: u32) -> f32 { // @each
  return rates[0];
}
@compute @workgroup_size(64)
fn update(@builtin(global_invocation_id) global: vec3u) {
  if (global.x < params.size) { w[global.x] = changed(global.x); }
}
`;
const rule = `
struct Params {
  decay: f32,
}
@group(0) @binding(3) var<storage, read_write> m: array<f32>; // @each
const HAS_M = 1u;
fn changed(index: u32) -> f32 { return m[index] * params.decay * rates[0]; }
`;

describe("a repeated shader", () => {
  const { source, params, buffers } = Shader.of({ frame, rule }).repeated(2).entry("update");

  it("has what is marked @each once for each tensor, and what follows it once", () => {
    expect(buffers.map(({ name, copy }) => `${name} ${copy ?? "shared"}`)).toEqual([
      "w 0",
      "m 0",
      "w 1",
      "m 1",
      "rates shared",
    ]);
    expect(params.map(({ name }) => name)).toEqual(["size_0", "size_1", "decay"]);
  });

  it("calls the function that another file puts in place of the frame's, each tensor's own", () => {
    expect(source).toContain(squeezed("w_1[global.x] = changed_1(global.x);"));
    expect(source).toContain(squeezed("return m_1[index] * params.decay * rates[0];"));
    expect(source).not.toContain("return rates[0];");
  });

  it("is complete without the other file", () => {
    const alone = Shader.of({ frame }).repeated(2).entry("update");
    expect(alone.source).toContain(squeezed("fn changed_1(index: u32) -> f32 {\nreturn rates[0];\n}"));
    expect(alone.buffers.map(({ name }) => name)).toEqual(["w", "w", "rates"]);
  });
});
