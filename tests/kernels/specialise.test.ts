import { describe, expect, it } from "vitest";
import { ValueError } from "../../src/core/errors.ts";
import { specialise } from "../../src/kernels/wgsl/specialise.ts";

const source = `
const ROWS = 2u;
const TILE = ROWS * 4u;
const SCALE: f32 = 1.5;
const HAS_BIAS = false;

fn main() {
  var acc: array<vec4f, ROWS>;
  var whole: array<f32, ROWS>;
  // @unroll
  for (var r = 0u; r < ROWS; r++) {
    acc[r] = vec4f(SCALE) + p.r;
    // @unroll
    for (var c = 0u; c < 2u; c++) {
      acc[r] += load(r, c);
    }
  }
  for (var r = 0u; r < ROWS; r++) { whole[r] = 0.0; }
}
`;

const flat = (text: string): string => text.replace(/\s+/g, " ");

describe("specialise", () => {
  it("replaces constants by name and keeps their kind", () => {
    const result = specialise(source, { ROWS: 3, SCALE: 2, HAS_BIAS: true });
    expect(result).toContain("const ROWS = 3u;");
    expect(result).toContain("const TILE = ROWS * 4u;");
    expect(result).toContain("const SCALE: f32 = 2.0;");
    expect(result).toContain("const HAS_BIAS = true;");
  });

  it("unrolls marked loops, nested ones too, into named variables", () => {
    const result = flat(specialise(source, {}));
    expect(result).toContain("var acc_0: vec4f; var acc_1: vec4f;");
    expect(result).toContain("{ acc_1 = vec4f(SCALE) + p.r; { acc_1 += load(1u, 0u); } { acc_1 += load(1u, 1u); } }");
    expect(result).not.toContain("acc[");
  });

  it("leaves unmarked loops and arrays with other indices alone", () => {
    const result = specialise(source, { ROWS: 5 });
    expect(result).toContain("var whole: array<f32, ROWS>;");
    expect(result).toContain("for (var r = 0u; r < ROWS; r++) { whole[r] = 0.0; }");
  });

  it("unrolls up to a constant that is a product of others", () => {
    const text =
      "const A = 2u;\nconst B = A * 2u;\nfn f() {\n  // @unroll\n  for (var i = 0u; i < B; i++) { g(i); }\n}";
    expect(flat(specialise(text, { A: 1 }))).toContain("{ g(0u); } { g(1u); } }");
  });

  it("evaluates indices that are sums of products of constants", () => {
    const text = "const C = 2u;\nfn f() {\n  var t: array<f32, 4>;\n  t[1u * C + 1u] = 1.0;\n  t[0u] = t[3u];\n}";
    const result = flat(specialise(text, {}));
    expect(result).toContain("var t_3: f32; t_3 = 1.0; t_0 = t_3;");
  });

  it("replaces aliases", () => {
    expect(specialise("alias Element = f32;\n", { Element: "vec4f" })).toBe("alias Element = vec4f;\n");
    expect(() => specialise("", { Element: "vec4f" })).toThrow(/no alias Element/);
  });

  it("refuses unknown names, other kinds and other loops", () => {
    expect(() => specialise(source, { COLUMNS: 1 })).toThrow(/no constant COLUMNS; it has ROWS, TILE, SCALE, HAS_BIAS/);
    expect(() => specialise(source, { ROWS: true })).toThrow(ValueError);
    expect(() => specialise("fn f() {\n// @unroll\nfor (var i = n; i > 0; i--) {}\n}", {})).toThrow(
      /must stand before/,
    );
  });
});
