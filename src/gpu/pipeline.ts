/** Compiles compute pipelines asynchronously, once for each combination of source and layout. */
import { DeviceError } from "../core/errors.ts";

/** The access modes of a pipeline's storage buffers, from `@binding(1)` on; the params uniform is `@binding(0)`. */
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

/** The number of recently used pipelines that are cached. A large one takes megabytes on a software adapter. */
const KEPT = 64;

/**
 * Caches the pipelines of one device by their source. It keeps the 64 most recently used; a program keeps its own
 * alive.
 */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  /** Only a few: one for each access pattern. */
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** From the least to the most recently used. */
  readonly #recent = new Map<string, Promise<Pipeline>>();
  readonly #used = new Map<string, WeakRef<GPUComputePipeline>>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** The number of cached pipelines. */
  get size(): number {
    return this.#recent.size;
  }

  /**
   * Returns the pipeline, compiled if necessary.
   * @throws DeviceError with line, column and source when the shader does not compile.
   */
  get(label: string, source: string, entryPoint: string, access: AccessPattern): Promise<Pipeline> {
    const storage = access.map(
      (mode, index): BufferLayout => ({ binding: index + 1, type: mode === "read" ? "read-only-storage" : "storage" }),
    );
    return this.getBound(label, source, entryPoint, [{ binding: 0, type: "uniform" }, ...storage]);
  }

  /** Like `get`, for any buffers in group 0. @throws DeviceError with line, column and source. */
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
