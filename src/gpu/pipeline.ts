/** Compute pipelines, compiled asynchronously, once for each source and layout. */
import { DeviceError } from "../core/errors.ts";

/** How a pipeline's storage buffers are bound, from `@binding(1)` on; the params uniform is `@binding(0)`. */
export type AccessPattern = readonly ("read" | "read_write")[];

/** A compiled shader with the layout of its only bind group. */
export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines of one device, keyed by their source. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** @throws DeviceError with line, column and the source's lines when the shader does not compile. */
  get(label: string, source: string, entryPoint: string, access: AccessPattern): Promise<Pipeline> {
    const key = `${access.join()}|${entryPoint}|${source}`;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#compile(label, source, entryPoint, this.#layout(access));
      this.#pipelines.set(key, pipeline);
      pipeline.catch(() => this.#pipelines.delete(key));
    }
    return pipeline;
  }

  #layout(access: AccessPattern): GPUBindGroupLayout {
    const key = access.join();
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const visibility = 4; // GPUShaderStage.COMPUTE; the global is missing in some runtimes before a device exists
      layout = this.#gpu.createBindGroupLayout({
        label: key,
        entries: [
          { binding: 0, visibility, buffer: { type: "uniform" } },
          ...access.map(
            (mode, index): GPUBindGroupLayoutEntry => ({
              binding: index + 1,
              visibility,
              buffer: { type: mode === "read" ? "read-only-storage" : "storage" },
            }),
          ),
        ],
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  async #compile(label: string, source: string, entryPoint: string, layout: GPUBindGroupLayout): Promise<Pipeline> {
    const gpu = this.#gpu;
    // A faulty shader also raises a validation error on the device: it is ours to report, not the app's.
    gpu.pushErrorScope("validation");
    const module = gpu.createShaderModule({ label, code: source });
    const pending = gpu.createComputePipelineAsync({
      label,
      layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint },
    });
    const scope = gpu.popErrorScope();
    try {
      const pipeline = await pending;
      const fault = await scope;
      if (fault !== null) throw new Error(fault.message);
      return { gpu: pipeline, layout };
    } catch (cause) {
      const info = await module.getCompilationInfo().catch(() => undefined);
      const lines = source.split("\n");
      const messages = (info?.messages ?? []).map(
        ({ type, lineNum, linePos, message }) =>
          `  ${lineNum}:${linePos} ${type}: ${message}\n    ${lines[lineNum - 1] ?? ""}`,
      );
      throw new DeviceError(
        `the shader "${label}" did not compile: ${cause instanceof Error ? cause.message : String(cause)}\n${messages.join("\n")}`,
        { label, source },
        { cause },
      );
    }
  }
}
