/**
 * Runs a plan on a device: creates its GPU objects once, then uploads inputs, encodes and reads outputs for each run.
 */
import { allocate, BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import { DisposedError, ShapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { ownMemory } from "../../core/own_memory.ts";
import { formatShape, sameShape, sizeOf } from "../../core/shape.ts";
import type { Device } from "../../gpu/device.ts";
import { type Plan, SLOT_BYTES } from "../plan/plan.ts";
import { encodeCommands } from "./encode.ts";
import type { Pacer } from "./pacer.ts";
import { type BuiltResources, buildResources } from "./program_resources.ts";
import { mapBuffer } from "./staging.ts";
import { variablesOf } from "./variables.ts";

/** Work that is appended to a program's submit. */
export interface Joined {
  /** Encodes it after the program's own commands. */
  encode(encoder: GPUCommandEncoder): void;
}

/** The GPU objects of a plan on one generation of the device. */
interface Built extends BuiltResources {
  readonly generation: number;
  readonly plan: Plan;
  readonly slotData: DataView<ArrayBuffer>;
}

/** Plans for the current device; called again after each loss. */
export type MakePlan = () => Plan | Promise<Plan>;

async function build(device: Device, label: string, makePlan: MakePlan): Promise<Built> {
  device.assertUsable();
  const { generation } = device;
  const plan = await makePlan();
  const { resources, owned } = await buildResources(device, label, plan);
  device.assertUsable(generation);
  const slotData = new DataView(new ArrayBuffer(plan.slots * SLOT_BYTES));
  return { generation, plan, resources, owned, slotData };
}

/** Runs a plan. Arrays are passed in the order of the plan's inputs. */
export class Replay {
  readonly device: Device;
  readonly label: string;
  readonly #makePlan: MakePlan;
  readonly #forget: () => void;
  #built: Built;
  #building: Promise<void> | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  #disposed = false;

  private constructor(device: Device, label: string, makePlan: MakePlan, built: Built) {
    this.device = device;
    this.label = label;
    this.#makePlan = makePlan;
    this.#built = built;
    this.#forget = device.onDispose(() => this.dispose());
  }

  /**
   * @throws DeviceError when a shader does not compile, a buffer exceeds a limit, or the GPU is out of memory;
   * everything is freed.
   */
  static async make(device: Device, label: string, makePlan: MakePlan): Promise<Replay> {
    return new Replay(device, label, makePlan, await build(device, label, makePlan));
  }

  /** The plan, its GPU objects and the buffers that it owns. */
  get built(): BuiltResources & { readonly plan: Plan } {
    return this.#built;
  }

  /** Recreates what was lost with the device. */
  async ready(): Promise<void> {
    if (this.#built.generation === this.device.generation || this.#disposed) return;
    this.#building ??= build(this.device, this.label, this.#makePlan)
      .then((built) => {
        this.#built = built;
        if (this.#disposed) this.#free();
      })
      .finally(() => {
        this.#building = undefined;
      });
    return this.#building;
  }

  /**
   * Runs once without waiting. Updates happen on the GPU, in the order of the submits.
   * @param joined work to append to the same submit, after the updates
   * @throws DeviceLostError when the device was lost since `ready`.
   */
  submit(arrays: readonly NdArray[], joined?: Joined): void {
    this.#submit(arrays, false, joined);
  }

  /** Encodes a run into an encoder that the caller submits immediately. @throws as `submit`. */
  record(encoder: GPUCommandEncoder, arrays: readonly NdArray[]): void {
    this.feed(arrays);
    this.#encode(encoder, false);
    this.changed();
  }

  /** Runs once and reads the outputs back. In a loop, pass a pacer to sleep during most of the run. */
  async run(arrays: readonly NdArray[], pacer?: Pacer): Promise<NdArray[]> {
    // There is a single staging buffer, so a second run waits until the first has been read.
    const previous = this.#reading;
    const result = previous.then(
      () => this.#runAndRead(arrays, pacer),
      () => this.#runAndRead(arrays, pacer),
    );
    this.#reading = result.catch(() => undefined);
    return result;
  }

  async #runAndRead(arrays: readonly NdArray[], pacer: Pacer | undefined): Promise<NdArray[]> {
    await this.ready();
    this.#submit(arrays, true);
    const { plan, resources } = this.#built;
    if (resources.staging === undefined) return [];
    this.#isRunning = true;
    try {
      await pacer?.nap();
      const bytes = await mapBuffer(this.device, resources.staging);
      pacer?.finished();
      return plan.outputs.map(({ shape, dtype }, index) => {
        const data = allocate(dtype, sizeOf(shape));
        const { offset } = resources.outputs[index] as { offset: number };
        new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + data.byteLength));
        return { shape, data };
      });
    } finally {
      this.#isRunning = false;
      if (this.#disposed) this.#free();
    }
  }

  /** @throws DisposedError after `dispose`. */
  assertOpen(): void {
    const { label } = this;
    if (this.#disposed) throw new DisposedError(`the program "${label}" was disposed`, { program: label });
  }

  /** Uploads the inputs of the next run. */
  feed(arrays: readonly NdArray[]): void {
    this.assertOpen();
    const { label } = this;
    const { generation, plan, resources, slotData } = this.#built;
    this.device.assertUsable(generation);
    plan.inputs.forEach(({ name, shape, dtype, location }, input) => {
      const array = arrays[input] as NdArray;
      if (!sameShape(array.shape, shape)) {
        throw new ShapeError(
          `${label}: the input "${name}" is ${formatShape(array.shape)}; expected ${formatShape(shape)}`,
          { input: name, shape: array.shape, expected: shape },
        );
      }
      const [what, length] = [`${label}: the input "${name}"`, sizeOf(shape)];
      if (location.kind === "slot") {
        ownMemory(array.data, what, length).forEach((element, index) => {
          const at = location.index * SLOT_BYTES + index * BYTES_PER_ELEMENT;
          if (dtype === "float32") slotData.setFloat32(at, element, true);
          else slotData.setInt32(at, element, true);
        });
      } else {
        this.device.upload(resources.inputs[input] as GPUBuffer, array.data, what, { length });
      }
    });
    if (resources.slots !== undefined) this.device.upload(resources.slots, new Uint8Array(slotData.buffer), label);
  }

  #encode(encoder: GPUCommandEncoder, reads: boolean): void {
    const { commands, commits, outputs, staging } = this.#built.resources;
    encodeCommands(encoder, commands, this.label);
    if (reads && staging !== undefined) {
      for (const { buffer, from, offset, bytes } of outputs) {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, from, staging, offset, bytes);
      }
    }
    encodeCommands(encoder, commits, this.label);
  }

  #submit(arrays: readonly NdArray[], reads: boolean, joined?: Joined): void {
    this.device.submit(this.label, (encoder) => {
      this.feed(arrays);
      this.#encode(encoder, reads);
      joined?.encode(encoder);
    });
    this.changed();
  }

  /**
   * Encodes a run and discards it, so that WebGPU validates an untrusted plan before anything runs.
   * @throws DeviceError when the plan is invalid.
   */
  async check(): Promise<void> {
    await this.device.guard(this.label, () => {
      const encoder = this.device.gpu.createCommandEncoder({ label: this.label });
      this.#encode(encoder, true);
      return encoder.finish();
    });
  }

  /** Marks the host's copies of the updated variables as outdated. */
  changed(): void {
    variablesOf(this.device).changed(this.#built.plan.updated);
  }

  /** Frees the buffers once a pending read has ended, but not variables. Does nothing when called again. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#forget();
    // Mapping a destroyed buffer is a validation error, which would fail the device.
    if (!this.#isRunning) this.#free();
  }

  #free(): void {
    for (const buffer of this.#built.owned) this.device.destroyBuffer(buffer);
  }
}
