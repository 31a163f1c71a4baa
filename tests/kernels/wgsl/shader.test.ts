/** A shader's edits: constants, aliases, entry points; and what is refused. */
import { describe, expect, test } from "vitest";
import { ValueError } from "../../../src/core/errors.ts";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";
import { squeezed } from "./squeezed.ts";

const common = `
const ROWS = 2u;
const TILE = ROWS * 4u;
const SCALE: f32 = 1.5;
const WHOLE = 3;
const HAS_BIAS = false;
alias Element = f32; // or vec4f
struct Params { size: u32, offset: i32, rate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
fn scaled(value: Element) -> Element { return value * SCALE; }
fn unused() -> u32 { return TILE; }
`;
const sum = `
@group(0) @binding(2) var<storage, read_write> out: array<Element>;
@compute @workgroup_size(TILE)
fn sum() { if (HAS_BIAS) { out[0] = scaled(x[0]); } }
@compute @workgroup_size(ROWS, WHOLE)
fn fill() { out[0] = Element(); }
`;
const shader = Shader.of({ common, sum });

describe("a shader", () => {
  test("prints an entry point with what it reaches and all constants, in the files' order", () => {
    const { source, params, buffers } = shader.entry("sum");
    expect(source).toBe(
      [
        "struct Params {\nsize: u32,\noffset: i32,\nrate: f32,\n}",
        "@group(0) @binding(0) var<uniform> params: Params;",
        "@group(0) @binding(1) var<storage, read> x: array<Element>;",
        "@group(0) @binding(2) var<storage, read_write> out: array<Element>;",
        "const ROWS = 2u;\nconst TILE = ROWS * 4u;\nconst SCALE: f32 = 1.5;\nconst WHOLE = 3;\nconst HAS_BIAS = false;",
        "alias Element = f32;",
        squeezed("fn scaled(value: Element) -> Element { return value * SCALE; }"),
        `@compute @workgroup_size(TILE)\nfn sum() {${squeezed("if (HAS_BIAS) { out[0] = scaled(x[0]); }")}}\n`,
      ].join("\n"),
    );
    expect(params.map(({ name }) => name)).toEqual(["size", "offset", "rate"]);
    expect(buffers.map(({ name, access, type }) => [name, access, type])).toEqual([
      ["x", "read", "array<Element>"],
      ["out", "read_write", "array<Element>"],
    ]);
    const fill = shader.entry("fill");
    expect(fill.source).not.toMatch(/scaled|x:/);
    expect(fill.source).toContain("const ROWS = 2u;");
    expect(fill.buffers.map(({ name }) => name)).toEqual(["out"]);
  });

  test("gives constants other values of their type", () => {
    const printed = (constants: Parameters<Shader["constants"]>[0], entryPoint = "sum") =>
      shader.constants(constants).entry(entryPoint).source;
    expect(printed({ ROWS: 3 })).toContain("const ROWS = 3u;\nconst TILE = ROWS * 4u;");
    expect(printed({ SCALE: 2 })).toContain("const SCALE: f32 = 2.0;");
    expect(printed({ SCALE: 0.25 })).toContain("const SCALE: f32 = 0.25;");
    expect(printed({ WHOLE: 5 }, "fill")).toContain("const WHOLE = 5;");
    expect(printed({ HAS_BIAS: true })).toContain("const HAS_BIAS = true;");
    expect(printed({ Element: "vec4f" })).toContain("alias Element = vec4f;");
    const twice = shader.constants({ ROWS: 3, SCALE: 2 }).constants({ ROWS: 5 }).entry("sum").source;
    expect(twice).toContain("const ROWS = 5u;");
    expect(twice).toContain("const SCALE: f32 = 2.0;");
    // Every edit makes another shader.
    expect(shader.entry("sum").source).toContain("const ROWS = 2u;");
  });

  test("says what a constant takes, and whether it was set", () => {
    const names = ["ROWS", "SCALE", "HAS_BIAS", "Element", "scaled", "x", "none"];
    expect(names.map((name) => shader.typeOf(name))).toEqual([
      ...["number", "number", "boolean", "string"],
      ...[undefined, undefined, undefined],
    ]);
    expect(shader.constants({ ROWS: 2 }).isSet("ROWS")).toBe(true);
    expect(shader.isSet("ROWS")).toBe(false);
  });

  test("refuses constants and entry points that it does not have", () => {
    const set = (constants: Parameters<Shader["constants"]>[0]) => () => shader.constants(constants);
    expect(set({ COLUMNS: 1 })).toThrow("no constant COLUMNS");
    expect(set({ scaled: 1 })).toThrow(ValueError);
    expect(set({ ROWS: true })).toThrow("ROWS is a number; expected another, got true");
    expect(set({ HAS_BIAS: 1 })).toThrow("HAS_BIAS is a boolean; expected another, got 1");
    expect(set({ Element: 4 })).toThrow("Element is a string; expected another, got 4");
    expect(() => shader.entry("scaled")).toThrow("no entry point scaled");
  });

  test.each([
    ["struct Params { size: vec4u }", 'line 1: found "vec4u"; expected name: u32, i32 or f32'],
    ["\n@group(0) @binding(1) var<uniform> x: f32;", "line 2: found"],
    ["override ROWS = 1u;", 'line 1: found "override"; expected const, alias, struct, var or fn'],
    ["@compute @workgroup_size(1) fn f(own: u32) {}", "expected @builtin(name) parameter: type"],
  ])("refuses what its template cannot hold: %s", (source, message) => {
    expect(() => Shader.of({ source })).toThrow(message);
  });
});
