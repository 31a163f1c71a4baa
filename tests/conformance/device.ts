import { requestDevice } from "../../src/index.ts";
import type { ConformanceCase } from "./case.ts";

/** What every runtime's device must do before anything else can be asked of it. */
export const deviceCases: readonly ConformanceCase[] = [
  {
    name: "device: a second device opens, names its adapter, and disposes twice without harm",
    async run() {
      const device = await requestDevice();
      if (device.adapter === "") throw new Error("the adapter has no name");
      device.dispose();
      device.dispose();
      if (!device.isDisposed) throw new Error("dispose() left the device open");
    },
  },
  {
    name: "device: a kernel writes what its formula says",
    async run(device) {
      const { gpu } = device;
      const code = `@group(0) @binding(0) var<storage, read_write> y : array<f32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id : vec3u) {
          if (id.x < arrayLength(&y)) { y[id.x] = f32(id.x) * 0.5; }
        }`;
      const pipeline = await gpu.createComputePipelineAsync({
        layout: "auto",
        compute: { module: gpu.createShaderModule({ code }) },
      });
      const size = 257 * 4;
      const y = gpu.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
      const read = gpu.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const layout = pipeline.getBindGroupLayout(0);
      const group = gpu.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: y } }] });
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(5);
      pass.end();
      encoder.copyBufferToBuffer(y, 0, read, 0, size);
      gpu.queue.submit([encoder.finish()]);
      await read.mapAsync(GPUMapMode.READ);
      const values = Array.from(new Float32Array(read.getMappedRange()));
      y.destroy();
      read.destroy();
      const wrong = values.findIndex((value, index) => value !== index * 0.5);
      if (wrong !== -1) throw new Error(`y[${wrong}] is ${values[wrong]}; expected ${wrong * 0.5}`);
    },
  },
];
