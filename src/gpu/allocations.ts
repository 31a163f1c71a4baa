/**
 * The engine's buffers on a GPUDevice: counts them, enforces a limit, and creates a group of buffers completely or not
 * at all.
 */
import { DeviceError, LimitError, OutOfMemoryError } from "../core/errors.ts";
import { formatBytes } from "../core/format_bytes.ts";
import { inErrorScopes } from "./error_scopes.ts";

/** The bytes and buffers that the engine holds on a device, and the most bytes it has held. */
export interface DeviceMemory {
  readonly bytes: number;
  readonly buffers: number;
  readonly peakBytes: number;
}

/** A new buffer, and a promise of whether there was memory for it. */
interface Made {
  readonly buffer: GPUBuffer;
  readonly scope: Promise<GPUError | null>;
}

/** Buffer sizes are multiples of this many bytes. */
const ALIGNMENT = 16;

/** The size of a buffer that holds this many bytes. */
export function bufferSize(bytes: number): number {
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

/** Creates buffers and counts them. */
export class Allocations {
  readonly #limit: number;
  readonly #held = new Set<GPUBuffer>();
  #bytes = 0;
  #peakBytes = 0;
  /** The buffers created within the current `guard`. */
  #made: Made[] | undefined;

  /** @param limit the most bytes in total */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get memory(): DeviceMemory {
    return { bytes: this.#bytes, buffers: this.#held.size, peakBytes: this.#peakBytes };
  }

  /** True until the buffer is destroyed, or lost with its device. */
  has(buffer: GPUBuffer): boolean {
    return this.#held.has(buffer);
  }

  /**
   * Creates a buffer. Call it within `guard`, which throws the errors that the GPU reports.
   * @throws OutOfMemoryError when the total would exceed the limit; LimitError when it exceeds the device's
   * maxBufferSize.
   */
  create(gpu: GPUDevice, bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    if (this.#made === undefined) throw new Error(`${label}: a buffer was created outside of guard()`);
    const size = bufferSize(bytes);
    const largest = gpu.limits.maxBufferSize;
    if (size > largest) {
      throw new LimitError(
        `${label}: a buffer of ${formatBytes(size)} exceeds this device's maxBufferSize of ${formatBytes(largest)}; ` +
          "use a smaller batch, sequence or table",
        { label, bytes: size, limit: largest },
      );
    }
    if (this.#bytes + size > this.#limit) {
      throw new OutOfMemoryError(
        `${label}: a buffer of ${formatBytes(size)} does not fit: the engine holds ${formatBytes(this.#bytes)} of ` +
          `the ${formatBytes(this.#limit)} that memoryLimit allows. Use a smaller batch, a shorter sequence or fewer ` +
          "units",
        { label, bytes: size, held: this.#bytes, limit: this.#limit },
      );
    }
    gpu.pushErrorScope("out-of-memory");
    let buffer: GPUBuffer | undefined;
    try {
      buffer = gpu.createBuffer({ size, usage, label });
    } finally {
      const scope = gpu.popErrorScope();
      scope.catch(() => undefined);
      if (buffer !== undefined) this.#made.push({ buffer, scope });
    }
    this.#held.add(buffer);
    this.#bytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  /** Destroys a buffer. Does nothing if it was already destroyed. */
  destroy(buffer: GPUBuffer): void {
    if (!this.#held.delete(buffer)) return;
    this.#bytes -= buffer.size;
    buffer.destroy();
  }

  /** Destroys all buffers. */
  destroyAll(): void {
    for (const buffer of [...this.#held]) this.destroy(buffer);
  }

  /** Resets the count after the device was lost, and all buffers with it. */
  forget(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  /**
   * Runs `make`, which creates GPU objects, inside error scopes. If anything fails, the buffers that it created are
   * freed.
   * @throws OutOfMemoryError naming the buffer; DeviceError naming `what` when the GPU reports another error.
   */
  async guard<T>(gpu: GPUDevice, what: string, make: () => T): Promise<T> {
    const outer = this.#made;
    const made: Made[] = [];
    this.#made = made;
    let error: Promise<GPUError | null> | undefined;
    let result: T;
    try {
      try {
        result = inErrorScopes(gpu, make, (scopes) => {
          error = scopes;
        });
      } finally {
        this.#made = outer;
      }
      for (const { buffer, scope } of made) {
        if ((await scope) !== null) throw this.#outOfMemory(`${buffer.label || what}`, buffer.size);
      }
      const fault = await error;
      if (fault) {
        if (fault instanceof GPUOutOfMemoryError) throw this.#outOfMemory(what);
        throw new DeviceError(`${what}: ${fault.message}`, { what });
      }
      return result;
    } catch (error) {
      for (const { buffer } of made) this.destroy(buffer);
      // A lost device rejects with a different error.
      throw error instanceof Error && error.name === "OperationError"
        ? new DeviceError(`${what}: ${String(error)}`, { what }, { cause: error })
        : error;
    }
  }

  #outOfMemory(what: string, bytes?: number): OutOfMemoryError {
    const size = bytes === undefined ? "" : ` for a buffer of ${formatBytes(bytes)}`;
    return new OutOfMemoryError(
      `${what}: the GPU is out of memory${size} (the engine holds ${formatBytes(this.#bytes)}); use a smaller batch, ` +
        "a shorter sequence or fewer units",
      { label: what, bytes, held: this.#bytes },
    );
  }
}
