/** Shaders without buffers that a call does not have. */
import { describe, expect, it } from "vitest";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";
import { testDevice } from "../../support/device.ts";

const shader = Shader.of({
  absent: `
@group(0) @binding(1) var<storage, read> limits: array<u32>;
@group(0) @binding(2) var<storage, read_write> extra: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
const HAS_LIMITS = 0u;
const HAS_EXTRA = 0u;
@compute @workgroup_size(64)
fn count(@builtin(workgroup_id) group: vec3u) {
  for (var t = 0u; t < 4u; t++) {
    if (HAS_LIMITS == 1u && t > limits[group.x]) { continue; }
    workgroupBarrier();
    y[t] = 1.0;
    if (HAS_EXTRA == 1u) { extra[t] = vec4f(1.0); }
  }
}
`,
});

describe("a shader without a buffer", () => {
  const { source, buffers } = shader.without(["limits", "extra"]).entry("count");

  it("binds those that are there, from 1 on", () => {
    expect(buffers).toEqual([{ name: "y", access: "read_write", type: "array<f32>" }]);
    expect(source).toContain("@group(0) @binding(1) var<storage, read_write> y: array<f32>;");
  });

  it("compiles where a loop with a barrier depends on one that is absent", async () => {
    const device = await testDevice();
    await device.pipelines.get("count", source, "count", ["read_write"]);
  });
});
