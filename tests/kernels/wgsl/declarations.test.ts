/** Buffers and entry points of any WGSL that a user may write. That it is WGSL is what the device says of it. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Device } from "../../../src/index.ts";
import { declarationsOf, entryPoints, shaderBindings } from "../../../src/kernels/wgsl/declarations.ts";
import { tokensOf } from "../../../src/kernels/wgsl/lexer.ts";
import { testDevice } from "../../support/device.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

/** Whatever WGSL allows between a shader's first and last line, in as odd a form as it allows. */
const ODD = `
diagnostic(off, derivative_uniformity);
/* /* @group(0) @binding(8) var<storage> nested: array<f32>; */ @group(0) @binding(9) var<storage> gone: array<f32>; */
// /* @group(0) @binding(7) var<storage> also_gone: array<f32>;
/* // */ const FIRST = SECOND + 1; const SECOND: u32 = 0x1u; ;
const_assert FIRST == 2;
const_assert(SIZES[1] > 2);
const SIZES = array(1, 4 >> 0);
@id(3) override scale: f32 = 2.0;
override unscaled = 1.0;
alias Rows = array<array<vec4<f32>, SIZES[1]>, 2>;
struct Größe { @size(16) @align(16) höhe: u32, breite: u32 };
struct Row{a:array<vec2<f32>,(4>>1)>}
@binding(0u) @group(0x0) var<uniform> größe: Größe;
@group(0) /* between */ @binding(FIRST,)
var<storage, // the access comes in the next line
read_write,> out : array<f32>;
@group(0)@binding(SECOND)var<storage>in_rows:Rows;
@group(0) @binding(1 + FIRST) var<storage, read> row: Row;
var<private> x = select(1, 2, 3 >= 2);
var<workgroup> Δ: array<atomic<u32>, 4>;
@must_use fn twice(v: f32) -> f32 { return 0x1p+1 * v; }
@workgroup_size(SIZES[0], 1u) @diagnostic(off, derivative_uniformity) @compute
fn main(@builtin(global_invocation_id) id: vec3u) {
  // @with(subgroups) @group(0) @binding(6) var<storage> of_no_account: array<f32>;
  if (1 < 2 && 4 > 3) { out[id.x] = twice(in_rows[0][1].x) * scale + f32(größe.höhe) + row.a[0].y; }
}
@compute @workgroup_size(1) fn second() { atomicStore(&Δ[0], 1u); let x = 0xe+1; _ = x; }
`;

describe("any WGSL", () => {
  test("its buffers are found in the order of their numbers, and its entry points", () => {
    expect(shaderBindings(ODD)).toEqual([
      { binding: 0, name: "größe", type: "uniform" },
      { binding: 1, name: "in_rows", type: "read-only-storage" },
      { binding: 2, name: "out", type: "storage" },
      { binding: 3, name: "row", type: "read-only-storage" },
    ]);
    expect(entryPoints(ODD)).toEqual(["main", "second"]);
  });

  test("the device takes it with these buffers", async () => {
    for (const entryPoint of entryPoints(ODD)) {
      await device.pipelines.getBound("odd", ODD, entryPoint, shaderBindings(ODD));
    }
  });

  test.each(["\n", "\r\n", "\r", "\u2028", "\v"])("line breaks may be %j", (lineBreak) => {
    const source = ODD.replaceAll("\n", lineBreak);
    expect(shaderBindings(source)).toEqual(shaderBindings(ODD));
    expect(entryPoints(source)).toEqual(entryPoints(ODD));
  });

  test("its declarations are told apart", () => {
    const kinds = declarationsOf(tokensOf(ODD)).map(({ keyword, name }) => `${keyword} ${name}`);
    expect(kinds).toEqual([
      "diagnostic (",
      ...["const FIRST", "const SECOND", "const_assert FIRST", "const_assert (", "const SIZES"],
      ...["override scale", "override unscaled", "alias Rows", "struct Größe", "struct Row"],
      ...["var größe", "var out", "var in_rows", "var row", "var x", "var Δ"],
      ...["fn twice", "fn main", "fn second"],
    ]);
  });

  test("an annotation is a comment like any other", () => {
    const source = `
      // @with(subgroups) @group(0) @binding(1) var<storage> one: array<f32>;
      @group(0) @binding(2) var<storage> two: array<f32>; // @without(subgroups)
      // @unroll
      @group(0) @binding(3) var<storage> three: array<f32>; // @each`;
    expect(shaderBindings(source).map(({ name }) => name)).toEqual(["two", "three"]);
  });

  test.each([
    ["@group(1) @binding(0) var<uniform> p : f32;", '"p" in group 1'],
    ["const G = 2; @binding(0) @group(G) var<uniform> p : f32;", '"p" in group 2'],
    ["@group(0) @binding(0) var image : texture_2d<f32>;", '"image", which is not a buffer'],
    ["@group(0) @binding(0) var s: sampler;", '"s", which is not a buffer'],
    [
      "@group(0) @binding(4 % 3) var<uniform> p : f32;",
      '"p" by @binding(4 % 3); expected a whole number, or such a constant',
    ],
    ["@binding(0) var<uniform> p : f32;", '"p" without @group'],
    ["fn f() {\n  let a = (1;\n}", 'line 3 closes "}", but "(" of line 2 is open'],
    ["fn f() {\n\n  g(1));\n}", 'line 3 closes ")", but "{" of line 1 is open'],
    ["const a = 1;\n)", 'line 2 closes ")", which is not open'],
    ["fn f() {\n  {\n}", 'line 1 opens "{", which is not closed'],
    ["fn f() {}\n/* /* */\nfn g() {}", "line 2 begins a comment, /*, that is not closed"],
  ])("%j is refused", (source, message) => {
    expect(() => shaderBindings(source)).toThrow(message);
  });
});
