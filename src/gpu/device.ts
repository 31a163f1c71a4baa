/** The device: the only owner of a GPUDevice, and of the next one after a loss. It counts the engine's buffers, and gathers what goes wrong. */
import type { HostData } from "../core/dtype.ts";
import { DeviceError, DeviceLostError, DisposedError, ValueError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import { expectOptions } from "../core/options.ts";
import { ownMemory } from "../core/own_memory.ts";
import type { TuneOptions } from "../core/tuning.ts";
import { adoptGpu, DEVICE_OPTIONS, type DeviceOptions, type OpenedGpu, openGpu } from "./adapter.ts";
import { Allocations, type DeviceMemory } from "./allocations.ts";
import { type Generation, makeGeneration } from "./generation.ts";
import type { PipelineCache } from "./pipeline.ts";
import { Reopening } from "./reopening.ts";

/** What a Device is made of. */
interface DeviceParts extends Pick<DeviceOptions, "tune" | "memoryLimit" | "onDeviceLost"> {
  /** Opens another one after a loss; absent for what the app made. */
  readonly open?: () => Promise<OpenedGpu>;
}

/** What is known of an array that is uploaded. */
interface UploadOptions {
  readonly length?: number;
  readonly offset?: number;
}

/**
 * A WebGPU device as Sluice uses it. Make one with `requestDevice`; dispose it when done. It outlives the loss of its GPUDevice:
 * who needs it next opens another one, and `generation` counts them.
 */
export class Device {
  /** How programs for this device choose between a kernel's variants by measurement; undefined where they do not. */
  readonly tune: TuneOptions | undefined;
  /** Bytes that the engine's buffers never pass together. */
  readonly memoryLimit: number;
  readonly #parts: DeviceParts;
  readonly #reopening = new Reopening();
  readonly #allocations: Allocations;
  readonly #disposals = new Set<() => void>();
  readonly #lossListeners = new Set<(error: DeviceLostError) => void>();
  #current: Generation;
  #failure: DeviceError | undefined;
  #loss: DeviceLostError | undefined;
  /** What the app gives in place of what was lost. */
  #given: Promise<GPUDevice | undefined> | undefined;
  #pending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #disposed = false;

  constructor(opened: OpenedGpu, parts: DeviceParts = {}) {
    const { tune = false } = parts;
    this.tune = tune === true ? {} : tune === false ? undefined : tune;
    this.#parts = parts;
    this.memoryLimit = checkLimit(parts.memoryLimit);
    this.#allocations = new Allocations(this.memoryLimit);
    this.#current = this.#adopt(0, opened);
  }

  /** The WebGPU device itself: another one after a loss. */
  get gpu(): GPUDevice {
    return this.#current.gpu;
  }

  /** How many GPUDevices came before this one. */
  get generation(): number {
    return this.#current.number;
  }

  /** The adapter's name, for people and records. */
  get adapter(): string {
    return this.#current.adapter;
  }

  /** What kernels may know of the adapter. */
  get traits(): AdapterTraits {
    return this.#current.traits;
  }

  /** Compiled shaders, each made once. */
  get pipelines(): PipelineCache {
    return this.#current.pipelines;
  }

  /** Resolves, and never rejects, when the GPUDevice of the moment is lost. */
  get lost(): Promise<DeviceLostError> {
    return this.#current.lost;
  }

  /** The loss that is not yet made good. */
  get loss(): DeviceLostError | undefined {
    return this.#loss;
  }

  /** What the engine holds on this device. */
  get memory(): DeviceMemory {
    return this.#allocations.memory;
  }

  /** True once `dispose` was called. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** @throws DisposedError, or DeviceError after an error that nothing handled. A loss can be made good, see `reopened`. */
  assertOpen(): void {
    if (this.#disposed) throw new DisposedError("the device was disposed; request a new one with requestDevice()");
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * @param generation what the caller's work was begun on; the one of the moment when absent
   * @throws DisposedError, DeviceLostError or DeviceError when work on the device can no longer be trusted.
   */
  assertUsable(generation = this.generation): void {
    this.assertOpen();
    if (this.#loss !== undefined) throw this.#loss;
    if (generation === this.generation) return;
    throw new DeviceLostError("the GPU device was lost meanwhile; what was made on it has to be made again");
  }

  /**
   * Resolves once the device is not lost any more: at once where it is not, else when another GPUDevice was opened.
   * @throws DeviceLostError where none can be, or none is to be: see `requestDevice`.
   * @throws DisposedError when the device is disposed meanwhile.
   */
  async reopened(): Promise<void> {
    this.assertOpen();
    const loss = this.#loss;
    if (loss === undefined) return;
    this.#pending ??= this.#reopen(loss).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #reopen(loss: DeviceLostError): Promise<void> {
    const given = await this.#given;
    const { open } = this.#parts;
    const make = given ? async () => adoptGpu(given) : open;
    if (make === undefined) {
      throw new DeviceLostError(
        `${loss.message}. The app made this device: Sluice goes on where requestDevice's onDeviceLost gives a new one`,
        loss.details,
        { cause: loss },
      );
    }
    const opened = await this.#reopening.open(loss, make, (seconds) => this.#sleep(seconds));
    if (this.#disposed) {
      if (given === undefined) opened.gpu.destroy();
      this.assertOpen();
    }
    this.#loss = undefined;
    this.#current = this.#adopt(this.generation + 1, opened);
  }

  async #sleep(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.assertOpen();
  }

  /** Watches a GPUDevice. What one of an older generation still has to say is not heard. */
  #adopt(number: number, opened: OpenedGpu): Generation {
    const generation = makeGeneration(number, opened);
    const isCurrent = () => !this.#disposed && this.#current.number === number;
    void generation.lost.then((error) => {
      if (isCurrent()) this.#takeLoss(error);
    });
    if (this.#parts.open !== undefined) {
      opened.gpu.addEventListener("uncapturederror", (event) => {
        if (isCurrent() && this.#loss === undefined)
          this.#failure ??= new DeviceError(`the GPU reported an error that nothing handled: ${event.error.message}`);
      });
    }
    return generation;
  }

  /** All that was on the GPU is gone; those who keep copies put them in place at once, so that nobody sees anything older or newer. */
  #takeLoss(error: DeviceLostError): void {
    this.#loss = error;
    this.#failure = undefined;
    this.#allocations.forget();
    this.#reopening.lost(error);
    for (const listener of [...this.#lossListeners]) listener(error);
    this.#given = Promise.resolve()
      .then(async () => (await this.#parts.onDeviceLost?.(error)) ?? undefined)
      .catch((cause: unknown) => {
        console.error("onDeviceLost threw", cause);
        return undefined;
      });
  }

  /** Registers what to do at the moment of a loss. Returns its removal. */
  onLoss(listener: (error: DeviceLostError) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /**
   * Makes a buffer that this device counts. To be called within `guard`, from which the failures come that the GPU reports.
   * @throws OutOfMemoryError when it does not fit `memoryLimit`; DeviceError when it passes the device's maxBufferSize.
   */
  createBuffer(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    this.assertUsable();
    return this.#allocations.create(this.gpu, bytes, usage, label);
  }

  /**
   * Writes an array into a buffer, from byte `offset` on. All that goes from the host to the GPU goes this way.
   * @param length how many elements the array must have, where that is known
   * @throws ValueError when the array's memory is gone, or not as long: see `ownMemory`.
   */
  upload(
    buffer: GPUBuffer,
    data: HostData | Uint8Array,
    what: string,
    { length, offset = 0 }: UploadOptions = {},
  ): void {
    this.gpu.queue.writeBuffer(buffer, offset, ownMemory(data, what, length));
  }

  /** True until a buffer made by `createBuffer` is destroyed or lost. */
  holds(buffer: GPUBuffer): boolean {
    return this.#allocations.has(buffer);
  }

  /** Destroys a buffer made by `createBuffer`; harmless when it was destroyed before. */
  destroyBuffer(buffer: GPUBuffer): void {
    this.#allocations.destroy(buffer);
  }

  /**
   * Runs `make`, which creates GPU objects, inside error scopes. Where anything fails, the buffers that it made are freed.
   * @throws OutOfMemoryError naming the buffer; DeviceError naming `what` when the GPU finds another fault; DeviceLostError.
   */
  async guard<T>(what: string, make: () => T): Promise<T> {
    this.assertUsable();
    const { generation } = this;
    const result = await this.#allocations.guard(this.gpu, what, make);
    this.assertUsable(generation);
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
    this.#allocations.destroyAll();
    this.#disposed = true;
    this.#wake?.();
    if (this.#parts.open !== undefined) this.gpu.destroy();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** @throws ValueError unless it is a number of bytes. */
function checkLimit(limit = Number.POSITIVE_INFINITY): number {
  if (limit > 0) return limit;
  throw new ValueError(`requestDevice: memoryLimit is ${limit}; expected a number of bytes above 0`, {
    memoryLimit: limit,
  });
}

/**
 * Opens the GPU. In Node, `import "sluice/node"` first.
 *
 * A GPUDevice can be lost at any time. Sluice then opens another one by itself: at once after a `destroy()`, else 0.25, 1, 5 and
 * 130 s after the loss or the attempt before; not after a second failure of the driver within two minutes. What a running `fit`
 * has learnt since its last snapshot is learnt again.
 *
 * @throws DeviceError when there is no WebGPU or no adapter; it says what to install or which browser to use.
 * @example
 * using device = await requestDevice({ onDeviceLost: ({ reason }) => console.warn("the GPU is gone:", reason) });
 * console.log(device.adapter);
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<Device> {
  expectOptions("requestDevice", options, DEVICE_OPTIONS);
  if (options.device !== undefined) return new Device(adoptGpu(options.device), options);
  const open = () => openGpu(options);
  return new Device(await open(), { ...options, open });
}
