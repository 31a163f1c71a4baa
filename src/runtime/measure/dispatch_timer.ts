import type { Device } from "../../gpu/device.ts";
import { mapBuffer } from "../run/staging.ts";

/** A timestamp is 64-bit nanoseconds; each dispatch has two. */
const TIMESTAMP_BYTES = 8;

/** Timestamp queries around the dispatches of one submit. */
export class DispatchTimer {
  readonly #device: Device;
  readonly #count: number;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;
  #next = 0;

  private constructor(device: Device, count: number) {
    const bytes = Math.max(1, count) * 2 * TIMESTAMP_BYTES;
    this.#device = device;
    this.#count = count;
    this.#queries = device.gpu.createQuerySet({ label: "profile", type: "timestamp", count: Math.max(1, count) * 2 });
    this.#resolved = device.createBuffer(
      bytes,
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      "profile: timestamps",
    );
    this.#staging = device.createBuffer(bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, "profile: read back");
  }

  /** Creates queries for `count` passes. @throws DeviceError when the device rejects the queries or their buffers. */
  static async make(device: Device, count: number): Promise<DispatchTimer> {
    return device.guard("timestamps", () => new DispatchTimer(device, count));
  }

  /** The queries: two for each pass. */
  get queries(): GPUQuerySet {
    return this.#queries;
  }

  /** The query indices for the next pass. */
  next(): GPUComputePassTimestampWrites {
    const index = 2 * this.#next++;
    return { querySet: this.#queries, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
  }

  /** Submits the recorded commands and returns the seconds of each pass. Awaits `sleep` before reading the results. */
  async submit(record: (encoder: GPUCommandEncoder) => void, sleep?: () => Promise<void>): Promise<number[]> {
    this.#device.submit("timed", (encoder) => {
      record(encoder);
      if (this.#count === 0) return;
      encoder.resolveQuerySet(this.#queries, 0, this.#count * 2, this.#resolved, 0);
      encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, this.#count * 2 * TIMESTAMP_BYTES);
    });
    await sleep?.();
    const bytes = await mapBuffer(this.#device, this.#staging);
    const times = new BigUint64Array(bytes.buffer);
    return Array.from(
      { length: this.#count },
      (_, index) => Number((times[2 * index + 1] ?? 0n) - (times[2 * index] ?? 0n)) / 1e9,
    );
  }

  dispose(): void {
    this.#queries.destroy();
    this.#device.destroyBuffer(this.#resolved);
    this.#device.destroyBuffer(this.#staging);
  }
}
