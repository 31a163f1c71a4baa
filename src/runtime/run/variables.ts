/**
 * Stores the device's copies of Variables. A buffer is created when a program first uses the variable, and kept until
 * it is released. Contents that the host knows are kept too, so that the buffer can be recreated after a loss of the
 * device.
 */
import { allocate, BYTES_PER_ELEMENT, type HostData } from "../../core/dtype.ts";
import { DeviceLostError, ShapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { ownMemory } from "../../core/own_memory.ts";
import { formatShape, sameShape, sizeOf } from "../../core/shape.ts";
import type { Device } from "../../gpu/device.ts";
import type { StoredVariable as Variable } from "../../graph/operation.ts";
import { mapBuffer } from "./staging.ts";

const stores = new WeakMap<Device, VariableStore>();

/** Returns the store of a device. */
export function variablesOf(device: Device): VariableStore {
  let store = stores.get(device);
  if (store === undefined) {
    store = new VariableStore(device);
    stores.set(device, store);
  }
  return store;
}

/** The stores that have a buffer or contents of a variable. */
const holders = new WeakMap<Variable, Set<VariableStore>>();

/** Resets variables to their initial contents (zeros by default), on every device that has them. */
export function resetEverywhere(variables: Iterable<Variable>): void {
  for (const variable of variables) {
    for (const store of holders.get(variable) ?? []) store.reset(variable);
  }
}

/** The state of a variable that has changed since its initialization. */
interface Contents {
  /** The time of the change, by the store's clock. */
  at: number;
  /** Undefined if only the GPU has the current contents. */
  array: NdArray | undefined;
}

/** The contents of variables at one time; undefined for variables with their initial contents. */
export type VariableContents = ReadonlyMap<Variable, NdArray | undefined>;

/** The bytes of a variable's contents. */
export const bytesOf = ({ shape }: Variable): number => sizeOf(shape) * BYTES_PER_ELEMENT;

const initialOf = ({ shape, dtype, initial }: Variable): NdArray =>
  initial?.() ?? { shape, data: allocate(dtype, sizeOf(shape)) };

/** The variables on one device. */
export class VariableStore {
  readonly #device: Device;
  readonly #buffers = new Map<Variable, GPUBuffer>();
  readonly #contents = new Map<Variable, Contents>();
  #clock = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** True when the variable has a buffer here. */
  has(variable: Variable): boolean {
    return this.#existing(variable) !== undefined;
  }

  /** The total size in bytes of the buffers of those variables that are in this store. */
  bytesOf(variables: Iterable<Variable>): number {
    return [...new Set(variables)].reduce((sum, variable) => sum + (this.#existing(variable)?.size ?? 0), 0);
  }

  /** The variable's buffer; undefined if it was lost, or freed because a buffer of the same request failed. */
  #existing(variable: Variable): GPUBuffer | undefined {
    const buffer = this.#buffers.get(variable);
    return buffer !== undefined && this.#device.holds(buffer) ? buffer : undefined;
  }

  /** Returns the variable's buffer; creates and fills it if necessary. Call it within `guard`. */
  bufferOf(variable: Variable): GPUBuffer {
    let buffer = this.#existing(variable);
    if (buffer === undefined) {
      const contents = this.#contents.get(variable);
      if (contents !== undefined && contents.array === undefined) {
        throw new DeviceLostError(
          `the contents of "${variable.name}" were lost with the GPU device; write them again`,
          { variable: variable.name },
        );
      }
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      buffer = this.#device.createBuffer(bytesOf(variable), usage, variable.name);
      this.#buffers.set(variable, buffer);
      this.#hold(variable);
      // Create the buffer first: if it does not fit, the contents need not be generated. If the upload is rejected,
      // `guard` frees the buffer.
      const array = contents?.array ?? variable.initial?.();
      if (array !== undefined) this.#upload(variable, buffer, array);
    }
    return buffer;
  }

  /** Replaces the variable's contents. @throws ShapeError when the shapes differ. */
  write(variable: Variable, { shape, data }: NdArray): void {
    if (!sameShape(shape, variable.shape)) {
      throw new ShapeError(
        `the variable "${variable.name}" is ${formatShape(variable.shape)}; got ${formatShape(shape)}`,
        { variable: variable.name, expected: variable.shape, shape },
      );
    }
    const own = { shape, data: ownMemory(data, `the variable "${variable.name}"`, sizeOf(shape)).slice() };
    this.#device.assertUsable();
    this.#note(variable, own);
    const buffer = this.#existing(variable);
    if (buffer !== undefined) this.#upload(variable, buffer, own);
  }

  /** Resets the variable to its initial contents. */
  reset(variable: Variable): void {
    this.#contents.delete(variable);
    const buffer = this.#existing(variable);
    if (buffer !== undefined) this.#upload(variable, buffer, initialOf(variable));
  }

  #upload({ name, shape }: Variable, buffer: GPUBuffer, { data }: NdArray): void {
    this.#device.upload(buffer, data, `the variable "${name}"`, { length: sizeOf(shape) });
  }

  #hold(variable: Variable): void {
    const stores = holders.get(variable);
    if (stores === undefined) holders.set(variable, new Set([this]));
    else stores.add(this);
  }

  #note(variable: Variable, array: NdArray | undefined): void {
    const at = ++this.#clock;
    const contents = this.#contents.get(variable);
    if (contents === undefined) {
      this.#contents.set(variable, { at, array });
      this.#hold(variable);
    } else {
      contents.at = at;
      contents.array = array;
    }
  }

  /** The store's current time, for `settle`. */
  get clock(): number {
    return this.#clock;
  }

  /** Records that work on the GPU changes these variables. */
  changed(variables: Iterable<Variable>): void {
    for (const variable of variables) this.#note(variable, undefined);
  }

  /** Records contents that were read back, as of time `at`. */
  settle(arrays: Iterable<readonly [Variable, NdArray]>, at: number): void {
    for (const [variable, array] of arrays) {
      const contents = this.#contents.get(variable);
      if (contents !== undefined && contents.at <= at) contents.array = array;
    }
  }

  /** Returns the variables whose current contents only the GPU has. */
  unknown(variables: Iterable<Variable>): Variable[] {
    return [...new Set(variables)].filter((variable) => {
      const contents = this.#contents.get(variable);
      return contents !== undefined && contents.array === undefined;
    });
  }

  /** Reads variables whose contents only the GPU has, so that a loss of the device does not affect them. */
  async keep(variables: Iterable<Variable>): Promise<void> {
    const unknown = this.unknown(variables);
    if (unknown.length === 0) return;
    const at = this.#clock;
    const arrays = await this.read(unknown);
    this.settle(
      unknown.map((variable, index) => [variable, arrays[index] as NdArray] as const),
      at,
    );
  }

  /** The contents that the host knows. */
  contentsOf(variables: Iterable<Variable>): VariableContents {
    return new Map(Array.from(variables, (variable) => [variable, this.#contents.get(variable)?.array] as const));
  }

  /** Sets the contents with which the next buffers of these variables are filled, after a loss. */
  restore(contents: VariableContents): void {
    for (const [variable, array] of contents) {
      if (array === undefined) this.#contents.delete(variable);
      else this.#note(variable, array);
    }
  }

  /**
   * Replaces a part of the variable's contents, starting at element `first`.
   * @throws ShapeError when the part exceeds the variable's size.
   */
  writeFrom(variable: Variable, first: number, given: HostData): void {
    const what = `the variable "${variable.name}"`;
    const data = ownMemory(given, what);
    const size = sizeOf(variable.shape);
    if (!(first >= 0 && first + data.length <= size)) {
      throw new ShapeError(
        `the variable "${variable.name}" has ${size} elements; got ${data.length} to be written from ${first} on`,
        { variable: variable.name, size, first, length: data.length },
      );
    }
    this.#device.assertUsable();
    const contents = this.#contents.get(variable);
    if (contents === undefined) {
      const { shape, data: before } = initialOf(variable);
      this.#note(variable, { shape, data: before.slice() });
    }
    const array = this.#contents.get(variable)?.array;
    array?.data.set(data, first);
    const buffer = this.#existing(variable);
    if (buffer !== undefined) this.#device.upload(buffer, data, what, { offset: first * BYTES_PER_ELEMENT });
  }

  /**
   * Records that the variable's contents will be overwritten, so that contents lost with the device are not an error.
   */
  replaced(variable: Variable): void {
    if (!this.has(variable) && this.#contents.get(variable)?.array === undefined) this.#contents.delete(variable);
  }

  /** Reads variables back to the host, with one submit and one map for all of them. */
  async read(variables: readonly Variable[]): Promise<NdArray[]> {
    const staging = await this.#device.guard("reading variables", () => {
      const made = new VariableStaging(this.#device, variables);
      this.#device.submit("read variables", (encoder) => made.encode(encoder));
      return made;
    });
    try {
      return await staging.read();
    } finally {
      staging.dispose();
    }
  }

  /** Removes variables from the store and frees their buffers. Does nothing for others. */
  release(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      const buffer = this.#buffers.get(variable);
      if (buffer !== undefined) this.#device.destroyBuffer(buffer);
      this.#buffers.delete(variable);
      this.#contents.delete(variable);
      holders.get(variable)?.delete(this);
    }
  }
}

/** A staging buffer for reading variables back. Call `dispose` when done. */
export class VariableStaging {
  readonly #device: Device;
  readonly #variables: readonly Variable[];
  readonly #buffer: GPUBuffer;

  /** Call it within `guard`. */
  constructor(device: Device, variables: readonly Variable[]) {
    this.#device = device;
    this.#variables = variables;
    const total = variables.reduce((sum, variable) => sum + bytesOf(variable), 0);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer(total, usage, "variables read back");
  }

  /** Encodes the copies. */
  encode(encoder: GPUCommandEncoder): void {
    const store = variablesOf(this.#device);
    let offset = 0;
    for (const variable of this.#variables) {
      const size = bytesOf(variable);
      if (size > 0) encoder.copyBufferToBuffer(store.bufferOf(variable), 0, this.#buffer, offset, size);
      offset += size;
    }
  }

  /** The contents of the variables when the copies ran. */
  async read(): Promise<NdArray[]> {
    const bytes = await mapBuffer(this.#device, this.#buffer);
    let offset = 0;
    return this.#variables.map(({ shape, dtype }) => {
      const data = allocate(dtype, sizeOf(shape));
      new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + data.byteLength));
      offset += data.byteLength;
      return { shape, data };
    });
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#buffer);
  }
}
