/** The device's copies of Variables: made when a program first meets one, kept until they are released. */
import { allocate, BYTES_PER_ELEMENT, type HostData } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import type { Device } from "../gpu/device.ts";
import type { Variable } from "../graph/operation.ts";
import { mapBuffer } from "./staging.ts";

const stores = new WeakMap<Device, VariableStore>();

/** The store of a device. */
export function variablesOf(device: Device): VariableStore {
  let store = stores.get(device);
  if (store === undefined) {
    store = new VariableStore(device);
    stores.set(device, store);
  }
  return store;
}

/** The stores that hold a variable. */
const holders = new WeakMap<Variable, Set<VariableStore>>();

/** Gives variables their initial contents again (zeros where they have none), on every device that holds them. */
export function resetEverywhere(variables: Iterable<Variable>): void {
  for (const variable of variables) {
    for (const store of holders.get(variable) ?? []) {
      const { shape, dtype } = variable;
      store.write(variable, variable.initial?.() ?? { shape, data: allocate(dtype, sizeOf(shape)) });
    }
  }
}

/** Buffers of the variables that live on one device. */
export class VariableStore {
  readonly #device: Device;
  readonly #buffers = new Map<Variable, GPUBuffer>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** True when the variable has a buffer here. */
  has(variable: Variable): boolean {
    return this.#buffers.has(variable);
  }

  /** The variable's buffer, made and filled with its initial contents when it is not there yet. */
  bufferOf(variable: Variable): GPUBuffer {
    let buffer = this.#buffers.get(variable);
    if (buffer === undefined) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      buffer = this.#device.createBuffer(sizeOf(variable.shape) * BYTES_PER_ELEMENT, usage, variable.name);
      this.#buffers.set(variable, buffer);
      holders.set(variable, (holders.get(variable) ?? new Set()).add(this));
      if (variable.initial !== undefined) this.write(variable, variable.initial());
    }
    return buffer;
  }

  /** Replaces the variable's contents. @throws ShapeError when the shape is another. */
  write(variable: Variable, { shape, data }: NdArray): void {
    if (!sameShape(shape, variable.shape)) {
      throw new ShapeError(
        `the variable "${variable.name}" is ${formatShape(variable.shape)}; got ${formatShape(shape)}`,
        { variable: variable.name, expected: variable.shape, shape },
      );
    }
    this.#device.assertUsable();
    this.#device.gpu.queue.writeBuffer(this.bufferOf(variable), 0, data as Float32Array<ArrayBuffer>);
  }

  /** Replaces a part of the variable's contents, from element `first` on. @throws ShapeError when it reaches past the end. */
  writeFrom(variable: Variable, first: number, data: HostData): void {
    const size = sizeOf(variable.shape);
    if (!(first >= 0 && first + data.length <= size)) {
      throw new ShapeError(
        `the variable "${variable.name}" has ${size} elements; got ${data.length} to be written from ${first} on`,
        { variable: variable.name, size, first, length: data.length },
      );
    }
    this.#device.assertUsable();
    const buffer = this.bufferOf(variable);
    this.#device.gpu.queue.writeBuffer(buffer, first * BYTES_PER_ELEMENT, data as Float32Array<ArrayBuffer>);
  }

  /** Copies variables into others of the same shape, on the device: one submit for all of them. */
  copy(pairs: readonly { readonly from: Variable; readonly to: Variable }[]): void {
    this.#device.assertUsable();
    const encoder = this.#device.gpu.createCommandEncoder({ label: "copy variables" });
    for (const { from, to } of pairs) {
      if (!sameShape(from.shape, to.shape)) {
        throw new ShapeError(
          `the variable "${to.name}" is ${formatShape(to.shape)}; "${from.name}" is ${formatShape(from.shape)}`,
          { from: from.name, to: to.name },
        );
      }
      const bytes = sizeOf(from.shape) * BYTES_PER_ELEMENT;
      if (bytes > 0) encoder.copyBufferToBuffer(this.bufferOf(from), 0, this.bufferOf(to), 0, bytes);
    }
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /** Reads variables back to the host: one submit and one map for all of them. */
  async read(variables: readonly Variable[]): Promise<NdArray[]> {
    const device = this.#device;
    device.assertUsable();
    const sizes = variables.map((variable) => sizeOf(variable.shape) * BYTES_PER_ELEMENT);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return device.guard("reading variables", () => {
      const sources = variables.map((variable) => this.bufferOf(variable));
      const staging = device.createBuffer(
        total,
        GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        "variables read back",
      );
      const encoder = device.gpu.createCommandEncoder({ label: "read variables" });
      let offset = 0;
      sources.forEach((source, index) => {
        const size = sizes[index] as number;
        if (size > 0) encoder.copyBufferToBuffer(source, 0, staging, offset, size);
        offset += size;
      });
      device.gpu.queue.submit([encoder.finish()]);
      return this.#collect(variables, staging);
    });
  }

  async #collect(variables: readonly Variable[], staging: GPUBuffer): Promise<NdArray[]> {
    try {
      const bytes = await mapBuffer(this.#device, staging);
      let offset = 0;
      return variables.map(({ shape, dtype }) => {
        const data = allocate(dtype, sizeOf(shape));
        new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + data.byteLength));
        offset += data.byteLength;
        return { shape, data };
      });
    } finally {
      this.#device.destroyBuffer(staging);
    }
  }

  /** Frees the device's copies. Harmless for variables that have none. */
  release(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      const buffer = this.#buffers.get(variable);
      if (buffer !== undefined) this.#device.destroyBuffer(buffer);
      this.#buffers.delete(variable);
      holders.get(variable)?.delete(this);
    }
  }
}
