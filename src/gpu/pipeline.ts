/** Compute pipelines, compiled asynchronously, once for each source and layout. */
import { DeviceError } from "../core/errors.ts";

/** How a pipeline's storage buffers are bound, from `@binding(1)` on; the params uniform is `@binding(0)`. */
export type AccessPattern = readonly ("read" | "read_write")[];

/** A buffer that a pipeline binds in its only group. */
export interface BufferLayout {
  readonly binding: number;
  readonly type: GPUBufferBindingType;
}

/** A compiled shader with the layout of its only bind group. */
export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines that are kept, used or not: those of a model. On software adapters a large one takes megabytes. */
const KEPT = 64;

/**
 * Pipelines of one device, keyed by their source. The last 64 that were asked for are kept; older ones for as long as
 * a program uses them.
 */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  /** Few: one for each pattern of buffers. */
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** From the one that was asked for longest ago to the latest. */
  readonly #recent = new Map<string, Promise<Pipeline>>();
  readonly #used = new Map<string, WeakRef<GPUComputePipeline>>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** The number of pipelines that are kept. */
  get size(): number {
    return this.#recent.size;
  }

  /** @throws DeviceError with line, column and the source's lines when the shader does not compile. */
  get(label: string, source: string, entryPoint: string, access: AccessPattern): Promise<Pipeline> {
    const storage = access.map(
      (mode, index): BufferLayout => ({ binding: index + 1, type: mode === "read" ? "read-only-storage" : "storage" }),
    );
    return this.getBound(label, source, entryPoint, [{ binding: 0, type: "uniform" }, ...storage]);
  }

  /** Like `get`, for any buffers in group 0. @throws DeviceError with line, column and the source's lines. */
  getBound(label: string, source: string, entryPoint: string, bindings: readonly BufferLayout[]): Promise<Pipeline> {
    const key = `${layoutKey(bindings)}|${entryPoint}|${source}`;
    const layout = this.#layout(bindings);
    const used = this.#used.get(key)?.deref();
    const known = this.#recent.get(key) ?? (used && Promise.resolve({ gpu: used, layout }));
    const pipeline = known ?? this.#compile(label, source, entryPoint, layout);
    if (known === undefined) pipeline.catch(() => this.#recent.delete(key));
    this.#recent.delete(key);
    this.#recent.set(key, pipeline);
    if (this.#recent.size > KEPT) this.#dropOldest();
    return pipeline;
  }

  #dropOldest(): void {
    for (const [key, used] of this.#used) if (used.deref() === undefined) this.#used.delete(key);
    for (const [key, pipeline] of this.#recent) {
      this.#recent.delete(key);
      pipeline.then(({ gpu }) => this.#used.set(key, new WeakRef(gpu))).catch(() => undefined);
      return;
    }
  }

  #layout(bindings: readonly BufferLayout[]): GPUBindGroupLayout {
    const key = layoutKey(bindings);
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const visibility = 4; // GPUShaderStage.COMPUTE; the global is missing in some runtimes before a device exists
      layout = this.#gpu.createBindGroupLayout({
        label: key,
        entries: bindings.map(({ binding, type }) => ({ binding, visibility, buffer: { type } })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  async #compile(label: string, source: string, entryPoint: string, layout: GPUBindGroupLayout): Promise<Pipeline> {
    const gpu = this.#gpu;
    // An invalid shader also raises a validation error on the device. The scope keeps it from the app's error handler.
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
      const { shaderFaults } = await import("./shader_faults.ts");
      throw new DeviceError(
        `the shader "${label}" did not compile: ` +
          `${cause instanceof Error ? cause.message : String(cause)}\n${await shaderFaults(source, module)}`,
        { label, source },
        { cause },
      );
    }
  }
}

function layoutKey(bindings: readonly BufferLayout[]): string {
  return bindings.map(({ binding, type }) => `${binding} ${type}`).join();
}
