/**
 * The device: owns a GPUDevice, and its successor after a loss. It counts the engine's buffers and collects errors.
 */
import type { HostData } from "../core/dtype.ts";
import { DeviceError, DeviceLostError, DisposedError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import { ownMemory } from "../core/own_memory.ts";
import { raceAbort } from "../core/race.ts";
import type { TuneOptions } from "../core/tuning.ts";
import { adoptGpu, type OpenedGpu, openGpu } from "./adapter.ts";
import { Allocations, type DeviceMemory } from "./allocations.ts";
import type { DeviceSettings } from "./device_options.ts";
import { inErrorScopes } from "./error_scopes.ts";
import { type Generation, makeGeneration } from "./generation.ts";
import type { PipelineCache } from "./pipeline.ts";
import { Reopening } from "./reopening.ts";

/** The constructor's arguments. */
interface DeviceParts extends Partial<Pick<DeviceSettings, "tune" | "memoryLimit" | "onDeviceLost">> {
  /** Opens another GPUDevice after a loss; undefined for a device that the app created. */
  readonly open?: () => Promise<OpenedGpu>;
}

/** Options of `upload`. */
interface UploadOptions {
  readonly length?: number;
  readonly offset?: number;
}

/**
 * A WebGPU device as Sluice uses it. Create one with `requestDevice` and dispose it when done. It survives the loss of
 * its GPUDevice: the next use opens another one, and `generation` counts them.
 */
export class Device {
  /** Chooses between a kernel's variants by measurement; undefined if the device is not tuned. */
  readonly tune: TuneOptions | undefined;
  /** The most bytes that the engine's buffers may take in total. */
  readonly memoryLimit: number;
  readonly #parts: DeviceParts;
  readonly #reopening = new Reopening();
  readonly #allocations: Allocations;
  readonly #disposals = new Set<() => void>();
  readonly #lossListeners = new Set<(error: DeviceLostError) => void>();
  #current: Generation;
  #failure: DeviceError | undefined;
  #loss: DeviceLostError | undefined;
  /** The GPUDevice that `onDeviceLost` returned. */
  #given: Promise<GPUDevice | undefined> | undefined;
  #pending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  /** True while an enclosing error scope catches errors. */
  #isWatched = false;
  readonly #disposal = new AbortController();

  constructor(opened: OpenedGpu, parts: DeviceParts) {
    const { tune = false, memoryLimit = Number.POSITIVE_INFINITY } = parts;
    this.tune = tune === true ? {} : tune === false ? undefined : tune;
    this.#parts = parts;
    this.memoryLimit = memoryLimit;
    this.#allocations = new Allocations(this.memoryLimit);
    this.#current = this.#adopt(0, opened);
  }

  /** The current GPUDevice; it is replaced after a loss. */
  get gpu(): GPUDevice {
    return this.#current.gpu;
  }

  /** The number of GPUDevices that were lost before the current one. */
  get generation(): number {
    return this.#current.number;
  }

  /** The adapter's name. */
  get adapter(): string {
    return this.#current.adapter;
  }

  /** The properties of the adapter that kernels may depend on. */
  get traits(): AdapterTraits {
    return this.#current.traits;
  }

  /** The cache of compiled shaders. */
  get pipelines(): PipelineCache {
    return this.#current.pipelines;
  }

  /** Resolves when the current GPUDevice is lost; never rejects. */
  get lost(): Promise<DeviceLostError> {
    return this.#current.lost;
  }

  /** The loss from which the device has not yet recovered. */
  get loss(): DeviceLostError | undefined {
    return this.#loss;
  }

  /** The memory that the engine holds on this device. */
  get memory(): DeviceMemory {
    return this.#allocations.memory;
  }

  /** True once `dispose` was called. */
  get isDisposed(): boolean {
    return this.disposal.aborted;
  }

  /** Aborts with a DisposedError when the device is disposed; for use with `raceAbort`. */
  get disposal(): AbortSignal {
    return this.#disposal.signal;
  }

  /**
   * @throws DisposedError, or DeviceError after an error in Sluice's own work. A loss is not an error here: `reopened`
   * recovers from it.
   */
  assertOpen(): void {
    if (this.isDisposed) throw this.disposal.reason;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * @param generation the generation on which the caller's work began. Default: the current one
   * @throws DisposedError, DeviceLostError or DeviceError when results from the device can no longer be trusted.
   */
  assertUsable(generation = this.generation): void {
    this.assertOpen();
    if (this.#loss !== undefined) throw this.#loss;
    if (generation === this.generation) return;
    throw new DeviceLostError("the GPU device was lost in the meantime; objects created on it must be created again");
  }

  /**
   * Resolves when the device is usable: immediately if it is not lost, otherwise once another GPUDevice has been
   * opened.
   * @throws DeviceLostError when none can be opened, or Sluice gives up: see `requestDevice`.
   * @throws DisposedError when the device is disposed meanwhile.
   */
  async reopened(): Promise<void> {
    this.assertOpen();
    const loss = this.#loss;
    if (loss === undefined) return;
    this.#pending ??= this.#reopen(loss).finally(() => {
      this.#pending = undefined;
    });
    // The app's onDeviceLost, or a driver, may never answer.
    return raceAbort(this.#pending, this.disposal);
  }

  async #reopen(loss: DeviceLostError): Promise<void> {
    const given = await this.#given;
    const { open } = this.#parts;
    const make = given ? async () => adoptGpu(given) : open;
    if (make === undefined) {
      throw new DeviceLostError(
        `${loss.message}. The app created this device: return a new one from requestDevice's onDeviceLost to let ` +
          "Sluice continue",
        loss.details,
        { cause: loss },
      );
    }
    const opened = await this.#reopening.open(loss, make, (seconds) => this.#sleep(seconds));
    if (this.isDisposed) {
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

  /** Watches a GPUDevice. Events of older generations are ignored. */
  #adopt(number: number, opened: OpenedGpu): Generation {
    const generation = makeGeneration(number, opened);
    const isCurrent = () => !this.isDisposed && this.#current.number === number;
    void generation.lost.then((error) => {
      if (isCurrent()) this.#takeLoss(error);
    });
    if (this.#parts.open !== undefined) {
      opened.gpu.addEventListener("uncapturederror", (event) => {
        // Sluice's own work runs in error scopes, so this error comes from other code that uses `device.gpu`.
        if (isCurrent()) console.error(`the GPU reported an error outside of Sluice: ${event.error.message}`);
      });
    }
    return generation;
  }

  /** Handles a loss. Listeners restore their copies immediately, so that nobody reads outdated values. */
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

  /** Registers a function to call when the device is lost. Returns a function that unregisters it. */
  onLoss(listener: (error: DeviceLostError) => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  /**
   * Creates a buffer that this device counts. Call it within `guard`, which throws the errors that the GPU reports.
   * @throws OutOfMemoryError when the buffer exceeds `memoryLimit`; DeviceError when it exceeds the device's
   * maxBufferSize.
   */
  createBuffer(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    this.assertUsable();
    return this.#allocations.create(this.gpu, bytes, usage, label);
  }

  /**
   * Writes an array into a buffer, starting at byte `offset`. All uploads to the GPU use this method.
   * @param length the expected number of elements, if known
   * @throws ValueError when the array's buffer is detached, or the array has another length: see `ownMemory`.
   */
  upload(
    buffer: GPUBuffer,
    data: HostData | Uint8Array,
    what: string,
    { length, offset = 0 }: UploadOptions = {},
  ): void {
    const own = ownMemory(data, what, length);
    this.#watch(what, () => this.gpu.queue.writeBuffer(buffer, offset, own));
  }

  /**
   * Submits the commands that `record` encodes, inside error scopes. If they cause an error, no result can be trusted,
   * so `assertOpen` throws from then on. Errors of an app that uses the same GPUDevice have no effect.
   */
  submit(label: string, record: (encoder: GPUCommandEncoder) => void): void {
    this.#watch(label, () => {
      const encoder = this.gpu.createCommandEncoder({ label });
      record(encoder);
      this.gpu.queue.submit([encoder.finish()]);
    });
  }

  /** Runs work inside error scopes, unless an enclosing call has opened them. An error fails the device. */
  #watch(what: string, work: () => void): void {
    if (this.#isWatched) {
      work();
      return;
    }
    const { generation } = this;
    inErrorScopes(this.gpu, this.#watched(work), (scopes) => {
      scopes
        .then((error) => {
          if (error === null || generation !== this.generation || this.#loss !== undefined) return;
          this.#failure ??= new DeviceError(`${what}: the GPU reported an error: ${error.message}`, { what });
        })
        .catch(() => undefined);
    });
  }

  /** Wraps work that runs inside error scopes, so that nested calls open no further ones. */
  #watched<T>(work: () => T): () => T {
    return () => {
      const outer = this.#isWatched;
      this.#isWatched = true;
      try {
        return work();
      } finally {
        this.#isWatched = outer;
      }
    };
  }

  /** True until a buffer made by `createBuffer` is destroyed or lost. */
  holds(buffer: GPUBuffer): boolean {
    return this.#allocations.has(buffer);
  }

  /** Destroys a buffer made by `createBuffer`. Does nothing if it was already destroyed. */
  destroyBuffer(buffer: GPUBuffer): void {
    this.#allocations.destroy(buffer);
  }

  /**
   * Runs `make`, which creates GPU objects, inside error scopes. If anything fails, the buffers that it created are
   * freed.
   * @throws OutOfMemoryError naming the buffer; DeviceError naming `what` when the GPU reports another error;
   * DeviceLostError.
   */
  async guard<T>(what: string, make: () => T): Promise<T> {
    this.assertUsable();
    const { generation } = this;
    const result = await this.#allocations.guard(this.gpu, what, this.#watched(make));
    this.assertUsable(generation);
    return result;
  }

  /**
   * Registers a function to call when the device is disposed: variables and programs free themselves. Returns a
   * function that unregisters it.
   */
  onDispose(dispose: () => void): () => void {
    this.#disposals.add(dispose);
    return () => this.#disposals.delete(dispose);
  }

  /**
   * Frees everything the engine holds on this device, and the device itself if Sluice opened it. Does nothing when
   * called again.
   */
  dispose(): void {
    if (this.isDisposed) return;
    for (const dispose of [...this.#disposals]) dispose();
    this.#allocations.destroyAll();
    this.#disposal.abort(new DisposedError("the device was disposed; request a new one with requestDevice()"));
    this.#wake?.();
    if (this.#parts.open !== undefined) this.gpu.destroy();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A device with the defaults of `requestDevice`, without its table of options: a page that only predicts leaves that
 * out.
 */
export async function openDefaultDevice(): Promise<Device> {
  const open = () => openGpu({ powerPreference: undefined, defaultLimits: false });
  return new Device(await open(), { open });
}
