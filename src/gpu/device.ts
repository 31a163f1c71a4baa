/** The device: the only owner of a GPUDevice. It counts the engine's buffers, and gathers what goes wrong. */
import { DeviceError, DeviceLostError, DisposedError, LimitError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import type { TuneOptions } from "../core/tuning.ts";
import { adapterName, adapterTraits, type DeviceOptions, openDevice, requestAdapter } from "./adapter.ts";
import { PipelineCache } from "./pipeline.ts";

/** Bytes and buffers that the engine holds on a device now, and the most it ever held. */
export interface DeviceMemory {
  readonly bytes: number;
  readonly buffers: number;
  readonly peakBytes: number;
}

/** A WebGPU device as Sluice uses it. Make one with `requestDevice`; dispose it when done. */
export class Device {
  /** The WebGPU device itself. */
  readonly gpu: GPUDevice;
  /** The adapter's name, for people and records. */
  readonly adapter: string;
  readonly traits: AdapterTraits;
  readonly pipelines: PipelineCache;
  /** How programs for this device choose between a kernel's variants by measurement; undefined where they do not. */
  readonly tune: TuneOptions | undefined;
  /** Resolves, and never rejects, when the device is lost. */
  readonly lost: Promise<DeviceLostError>;
  readonly #owned: boolean;
  readonly #buffers = new Set<GPUBuffer>();
  readonly #disposals = new Set<() => void>();
  #bytes = 0;
  #peakBytes = 0;
  #failure: DeviceError | undefined;
  #disposed = false;

  constructor(gpu: GPUDevice, info: GPUAdapterInfo | undefined, owned: boolean, tune: DeviceOptions["tune"] = false) {
    this.gpu = gpu;
    this.#owned = owned;
    this.adapter = adapterName(info);
    this.traits = adapterTraits(gpu, info);
    this.pipelines = new PipelineCache(gpu);
    this.tune = tune === true ? {} : tune === false ? undefined : tune;
    this.lost = gpu.lost.then(({ reason, message }) => {
      const error = new DeviceLostError(
        `the GPU device was lost (${reason}): ${message || "no further word from the driver"}. Request a new device and build the model on it again.`,
        { reason },
      );
      this.#failure ??= error;
      return error;
    });
    if (owned) {
      gpu.addEventListener("uncapturederror", (event) => {
        this.#failure ??= new DeviceError(`the GPU reported an error that nothing handled: ${event.error.message}`);
      });
    }
  }

  /** What the engine holds on this device. */
  get memory(): DeviceMemory {
    return { bytes: this.#bytes, buffers: this.#buffers.size, peakBytes: this.#peakBytes };
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** @throws DisposedError, DeviceLostError or DeviceError when the device can no longer be trusted. */
  assertUsable(): void {
    if (this.#disposed) throw new DisposedError("the device was disposed; request a new one with requestDevice()");
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Makes a buffer that this device counts. Allocation faults surface from the enclosing `guard`. */
  createBuffer(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    this.assertUsable();
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const limit = this.gpu.limits.maxBufferSize;
    if (size > limit) {
      throw new LimitError(
        `${label}: a buffer of ${formatBytes(size)} passes this device's maxBufferSize of ${formatBytes(limit)}; use a smaller batch, sequence or table`,
        { label, bytes: size, limit },
      );
    }
    const buffer = this.gpu.createBuffer({ size, usage, label });
    this.#buffers.add(buffer);
    this.#bytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  /** Destroys a buffer made by `createBuffer`; harmless when it was destroyed before. */
  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.#buffers.delete(buffer)) return;
    this.#bytes -= buffer.size;
    buffer.destroy();
  }

  /**
   * Runs `make`, which creates GPU objects, inside error scopes.
   * @throws DeviceError naming `what` when the GPU is out of memory or finds a fault.
   */
  async guard<T>(what: string, make: () => T | Promise<T>): Promise<T> {
    this.assertUsable();
    const { gpu } = this;
    gpu.pushErrorScope("validation");
    gpu.pushErrorScope("internal");
    gpu.pushErrorScope("out-of-memory");
    let result: T | Promise<T>;
    let scopes: Promise<GPUError | null>[];
    try {
      // Scopes are a stack per device: they are popped before anything is awaited, so that calls may overlap.
      result = make();
    } finally {
      scopes = [gpu.popErrorScope(), gpu.popErrorScope(), gpu.popErrorScope()];
    }
    const [memory, internal, validation] = await Promise.all(scopes);
    if (memory) {
      throw new DeviceError(
        `${what}: the GPU is out of memory (the engine holds ${formatBytes(this.#bytes)}); use a smaller batch, a shorter sequence or fewer units`,
        { what, bytes: this.#bytes },
      );
    }
    const fault = internal ?? validation;
    if (fault) throw new DeviceError(`${what}: ${fault.message}`, { what });
    return result;
  }

  /** Registers work for when the device goes: variables and programs free themselves. Returns its removal. */
  onDispose(dispose: () => void): () => void {
    this.#disposals.add(dispose);
    return () => this.#disposals.delete(dispose);
  }

  /** Frees everything the engine holds on this device, and the device itself if Sluice opened it. Harmless when repeated. */
  dispose(): void {
    if (this.#disposed) return;
    for (const dispose of [...this.#disposals]) dispose();
    for (const buffer of [...this.#buffers]) this.destroyBuffer(buffer);
    this.#disposed = true;
    if (this.#owned) this.gpu.destroy();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** `1536` as "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/**
 * Opens the GPU. In Node, `import "sluice/node"` first.
 *
 * @throws DeviceError when there is no WebGPU or no adapter; it says what to install or which browser to use.
 * @example
 * using device = await requestDevice();
 * console.log(device.adapter);
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<Device> {
  if (options.device !== undefined) {
    const { adapterInfo } = options.device as { adapterInfo?: GPUAdapterInfo };
    return new Device(options.device, adapterInfo, false, options.tune);
  }
  const adapter = await requestAdapter(options);
  try {
    return new Device(await openDevice(adapter, options), adapter.info, true, options.tune);
  } catch (cause) {
    throw new DeviceError(
      `the adapter "${adapterName(adapter.info)}" refused a device: ${String(cause)}`,
      {},
      { cause },
    );
  }
}
