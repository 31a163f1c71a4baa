/**
 * The device's copies of Variables: a buffer is made when a program first meets one, and kept until it is released.
 * What the host knows of their contents is kept too, so that a buffer can be made again after a loss of the device.
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
    for (const store of holders.get(variable) ?? []) store.reset(variable);
  }
}

/** What the host knows of a variable that does not hold its initial contents any more. */
interface Contents {
  /** When they were changed, by the store's clock. */
  at: number;
  /** Undefined where the GPU alone knows them. */
  array: NdArray | undefined;
}

/** Contents of variables at one moment; undefined for those that hold their initial ones. */
export type VariableContents = ReadonlyMap<Variable, NdArray | undefined>;

/** The bytes of a variable's contents. */
export const bytesOf = ({ shape }: Variable): number => sizeOf(shape) * BYTES_PER_ELEMENT;

const initialOf = ({ shape, dtype, initial }: Variable): NdArray =>
  initial?.() ?? { shape, data: allocate(dtype, sizeOf(shape)) };

/** Buffers of the variables that live on one device. */
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

  /** What the buffers of these variables take, where they are here. */
  bytesOf(variables: Iterable<Variable>): number {
    return [...new Set(variables)].reduce((sum, variable) => sum + (this.#existing(variable)?.size ?? 0), 0);
  }

  /** The variable's buffer, unless it was lost, or freed because something else that was made with it failed. */
  #existing(variable: Variable): GPUBuffer | undefined {
    const buffer = this.#buffers.get(variable);
    return buffer !== undefined && this.#device.holds(buffer) ? buffer : undefined;
  }

  /** The variable's buffer, made and filled when it is not there. Call it within `guard`. */
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
      // After the buffer: contents that no buffer can hold are not made. Where they are refused, `guard` frees it.
      const array = contents?.array ?? variable.initial?.();
      if (array !== undefined) this.#upload(variable, buffer, array);
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
    const own = { shape, data: ownMemory(data, `the variable "${variable.name}"`, sizeOf(shape)).slice() };
    this.#device.assertUsable();
    this.#note(variable, own);
    const buffer = this.#existing(variable);
    if (buffer !== undefined) this.#upload(variable, buffer, own);
  }

  /** Gives the variable its initial contents again. */
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

  /** The moment, as `settle` counts. */
  get clock(): number {
    return this.#clock;
  }

  /** Says that work on the GPU changes these. */
  changed(variables: Iterable<Variable>): void {
    for (const variable of variables) this.#note(variable, undefined);
  }

  /** Takes note of contents that were read back as they were at the moment `at`. */
  settle(arrays: Iterable<readonly [Variable, NdArray]>, at: number): void {
    for (const [variable, array] of arrays) {
      const contents = this.#contents.get(variable);
      if (contents !== undefined && contents.at <= at) contents.array = array;
    }
  }

  /** Those whose contents the GPU alone knows. */
  unknown(variables: Iterable<Variable>): Variable[] {
    return [...new Set(variables)].filter((variable) => {
      const contents = this.#contents.get(variable);
      return contents !== undefined && contents.array === undefined;
    });
  }

  /** Reads what the GPU alone knows: from then on a loss of the device leaves these variables as they are. */
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

  /** What the host knows of them. */
  contentsOf(variables: Iterable<Variable>): VariableContents {
    return new Map(Array.from(variables, (variable) => [variable, this.#contents.get(variable)?.array] as const));
  }

  /** After a loss: what the next buffers of these variables are to hold. */
  restore(contents: VariableContents): void {
    for (const [variable, array] of contents) {
      if (array === undefined) this.#contents.delete(variable);
      else this.#note(variable, array);
    }
  }

  /**
   * Replaces a part of the variable's contents, from element `first` on. @throws ShapeError when it reaches past the
   * end.
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

  /** Says that other contents take the place of the variable's: those that a loss of the device took are not missed. */
  replaced(variable: Variable): void {
    if (!this.has(variable) && this.#contents.get(variable)?.array === undefined) this.#contents.delete(variable);
  }

  /** Reads variables back to the host: one submit and one map for all of them. */
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

  /** Forgets variables and frees the device's copies. Harmless for those that have none. */
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

/** A buffer by which variables come back to the host. Dispose it when done. */
export class VariableStaging {
  readonly #device: Device;
  readonly #variables: readonly Variable[];
  readonly #buffer: GPUBuffer;

  /** To be called within `guard`. */
  constructor(device: Device, variables: readonly Variable[]) {
    this.#device = device;
    this.#variables = variables;
    const total = variables.reduce((sum, variable) => sum + bytesOf(variable), 0);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer(total, usage, "variables read back");
  }

  /** Records the copies. */
  encode(encoder: GPUCommandEncoder): void {
    const store = variablesOf(this.#device);
    let offset = 0;
    for (const variable of this.#variables) {
      const size = bytesOf(variable);
      if (size > 0) encoder.copyBufferToBuffer(store.bufferOf(variable), 0, this.#buffer, offset, size);
      offset += size;
    }
  }

  /** What the variables held when the copies ran. */
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
