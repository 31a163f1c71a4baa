/** A user's own shader: reading its bindings, its sizes from words, running it, and what it is told of its faults. */
import { beforeAll, describe, expect, test } from "vitest";
import { runBench } from "../../src/bench/run_bench.ts";
import { parseAmount, parseBuffers, parseWorkgroups, shaderCase } from "../../src/bench/shader_case.ts";
import type { Device } from "../../src/index.ts";
import { entryPoints, shaderBindings } from "../../src/kernels/wgsl/declarations.ts";
import { ShaderProgram } from "../../src/runtime/run/shader_program.ts";
import { testDevice } from "../support/device.ts";

const SCALE = `
// @group(0) @binding(7) var<storage> gone : array<f32>;
struct Params { count : u32, by : f32 }
@group(0) @binding(3) var<storage, read_write> y : array<f32>;
@group(0) @binding(0) var<storage, read> x : array<f32>;
@group(0) @binding(1)
var<uniform> params : Params;

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id : vec3u) {
  if (id.x < params.count) { y[id.x] = x[id.x] * 3.0; }
}
`;
const BUFFERS = parseBuffers("f32:1:2:3:4,u32:4:0:0:0,16");

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

describe("reading a shader", () => {
  test("finds its buffers in the order of their numbers, and its entry points", () => {
    expect(shaderBindings(SCALE)).toEqual([
      { binding: 0, name: "x", type: "read-only-storage" },
      { binding: 1, name: "params", type: "uniform" },
      { binding: 3, name: "y", type: "storage" },
    ]);
    expect(entryPoints(SCALE)).toEqual(["scale"]);
    expect(entryPoints("@workgroup_size(1) @compute fn a() {} @compute\n@workgroup_size(8, 8)\nfn b() {}")).toEqual([
      "a",
      "b",
    ]);
  });

  test("refuses other groups and textures by name", () => {
    expect(() => shaderBindings("@group(1) @binding(0) var<uniform> p : f32;")).toThrow('"p" in group 1');
    expect(() => shaderBindings("@group(0) @binding(0) var image : texture_2d<f32>;")).toThrow(
      '"image", which is not a buffer',
    );
  });

  test("takes sizes, values and workgroups as people write them", () => {
    expect(["4096", "64MiB", "1.5 GB", "2e9", "8k"].map(parseAmount)).toEqual([4096, 2 ** 26, 1.5e9, 2e9, 8000]);
    expect(() => parseAmount("many")).toThrow('"many" is not an amount');
    expect(parseBuffers("1KiB, u32:1024:4,f32:-0.5")).toEqual([
      { kind: "random", bytes: 1024 },
      { kind: "u32", values: [1024, 4] },
      { kind: "f32", values: [-0.5] },
    ]);
    expect(() => parseBuffers("u32:")).toThrow("contains no numbers");
    expect([parseWorkgroups("128"), parseWorkgroups("64x8"), parseWorkgroups("1,2,3")]).toEqual([
      [128, 1, 1],
      [64, 8, 1],
      [1, 2, 3],
    ]);
    expect(() => parseWorkgroups("0")).toThrow("not a number of workgroups");
    expect(() => shaderCase({ ...JOB, workgroups: [70000, 1, 1] })).toThrow(
      "workgroups is [70000, 1, 1]; expected a list of 3, each a whole number from 1 to 65535",
    );
  });
});

const JOB = {
  name: "scale",
  source: SCALE,
  buffers: BUFFERS,
  workgroups: [1, 1, 1],
  work: { flops: 4, bytes: 32 },
} as const;

describe("running it", () => {
  test("computes what the shader says, and frees its buffers", async () => {
    const before = device.memory.buffers;
    const buffers = [Float32Array.of(1, 2, 3, 4), Uint32Array.of(3, 0, 0, 0), new Float32Array(4)].map(
      ({ buffer }) => new Uint8Array(buffer),
    );
    const program = await ShaderProgram.compile(device, {
      label: "scale",
      source: SCALE,
      buffers,
      workgroups: [1, 1, 1],
    });
    await program.run();
    const bytes = await program.read(2);
    expect([...new Float32Array(bytes.buffer)]).toEqual([3, 6, 9, 0]);
    expect(await program.time(100)).toBeGreaterThanOrEqual(0);
    program.dispose();
    expect(device.memory.buffers).toBe(before);
  });

  test("is timed as a case", async () => {
    const measure = { seconds: 0.01, minSamples: 6, maxSamples: 6, patience: 2 };
    const report = await runBench(
      device,
      { cases: [shaderCase(JOB)], measure, runtime: { name: "node", version: "test" } },
      { onEvent: () => undefined },
    );
    expect(report.problems).toEqual([]);
    expect(report.results).toMatchObject([{ name: "scale", group: "shader", work: { flops: 4, bytes: 32 } }]);
  });

  test("a fault is told with its line and the source", async () => {
    const compile = (change: Partial<Parameters<typeof ShaderProgram.compile>[1]>) =>
      ShaderProgram.compile(device, {
        ...{ label: "mine", source: SCALE, workgroups: [1, 1, 1] as const },
        buffers: [16, 16, 16].map((bytes) => new Uint8Array(bytes)),
        ...change,
      });
    const faulty = SCALE.replace("x[id.x] * 3.0", "x[id.x] * true");
    await expect(compile({ source: faulty })).rejects.toThrow(
      /"mine" did not compile[\s\S]*11:\d+ error[\s\S]*\* true/,
    );
    await expect(compile({ buffers: [] })).rejects.toThrow(
      "got 0 buffer sizes; the shader binds 3 buffers (x, params, y)",
    );
    await expect(compile({ entryPoint: "main" })).rejects.toThrow("no entry point main; the shader has scale");
    await expect(compile({ source: "fn f() {}", buffers: [] })).rejects.toThrow("no @compute entry point");
  });
});
