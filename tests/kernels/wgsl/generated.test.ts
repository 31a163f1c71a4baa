import { describe, expect, it } from "vitest";
import { ValueError } from "../../../src/core/errors.ts";
import { parseShader } from "../../../src/kernels/wgsl/parse.ts";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";

const source = `
const LIMIT = 4.0;
struct Params {
  size: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
fn half(value: f32) -> f32 { return value * 0.5; }
fn clipped(value: f32) -> f32 { return half(min(value, LIMIT)); }
fn double(value: f32) -> f32 { return value * 2.0; }
fn store(index: u32) { y[index] = double(x[index]); }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  if (global.x < params.size) { store(global.x); }
}
`;

const generate = (name: string) =>
  Shader.of({ source }).generated({
    function: { name, code: "fn store(index: u32) { z[index] = clipped(f32(a[index * params.stride])); }" },
    params: [{ name: "stride", type: "u32" }],
    buffers: [
      { name: "a", access: "read", type: "array<i32>" },
      { name: "z", access: "read_write", type: "array<f32>" },
    ],
    expression: { inputs: ["int32"], outputs: ["float32"], rank: 1, steps: [], results: [0] },
  });

describe("Shader.generated", () => {
  it("takes the place of a function, of the buffers, and adds params", () => {
    const { source: printed, params, buffers } = generate("store").entry("main");
    expect(params.map(({ name }) => name)).toEqual(["size", "stride"]);
    expect(buffers.map(({ name, access }) => `${name} ${access}`)).toEqual(["a read", "z read_write"]);
    expect(printed).toContain("@group(0) @binding(2) var<storage, read_write> z: array<f32>;");
    expect(printed).toContain("z[index] = clipped(");
    expect(printed).not.toContain("y[index]");
  });

  it("prints the functions and constants that the code needs, and no others", () => {
    const printed = generate("store").entry("main").source;
    for (const needed of ["fn clipped", "fn half", "const LIMIT"]) expect(printed).toContain(needed);
    expect(printed).not.toContain("double");
  });

  it("leaves the shader itself as it was", () => {
    const shader = Shader.of({ source });
    const before = shader.entry("main").source;
    generate("store");
    expect(shader.entry("main").source).toBe(before);
    expect(before).toContain("fn double");
  });

  it("refuses the name of a function that there is not", () => {
    expect(() => generate("save")).toThrow(ValueError);
  });
});

it("refuses a declaration by a name that WGSL itself gives, which would count as predeclared", () => {
  expect(() => parseShader("fn f() -> f32 { return 1.0; }\nfn mix(x: f32) -> f32 { return x; }")).toThrow(
    'line 2: found "fn"; expected another name than mix',
  );
});
