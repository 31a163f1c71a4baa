/** Creates a plan's GPU objects: pipelines, buffers and bind groups, all inside error scopes. */
import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import { LimitError } from "../../core/errors.ts";
import { formatBytes } from "../../core/format_bytes.ts";
import { packParams } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Device } from "../../gpu/device.ts";
import type { Pipeline } from "../../gpu/pipeline.ts";
import type { StoredVariable } from "../../graph/operation.ts";
import {
  type BoundBuffer,
  type Command,
  type CopyCommand,
  type DispatchCommand,
  type Location,
  type Plan,
  SLOT_BYTES,
} from "../plan/plan.ts";
import type { Encodable } from "./encode.ts";
import { variablesOf } from "./variables.ts";

/** The GPU objects of a Program. */
export interface Resources {
  readonly commands: readonly Encodable[];
  readonly commits: readonly Encodable[];
  /** The outputs: each is copied from byte `from` of its buffer to byte `offset` of the staging buffer. */
  readonly outputs: readonly {
    readonly buffer: GPUBuffer;
    readonly from: number;
    readonly offset: number;
    readonly bytes: number;
  }[];
  readonly slots: GPUBuffer | undefined;
  /** By index in the plan; undefined for those that share a slot buffer. */
  readonly inputs: readonly (GPUBuffer | undefined)[];
  readonly staging: GPUBuffer | undefined;
}

/** The GPU objects, and the buffers that the program owns. */
export interface BuiltResources {
  readonly resources: Resources;
  readonly owned: readonly GPUBuffer[];
}

/**
 * Compiles all pipelines in parallel, and creates the buffers and bind groups.
 * @throws DeviceError when a shader does not compile, a limit is exceeded, or the GPU is out of memory; everything is
 * freed.
 */
export async function buildResources(device: Device, label: string, plan: Plan): Promise<BuiltResources> {
  const pipelines = await Promise.all(
    plan.commands.map((command) => (command.kind === "dispatch" ? compileCommand(device, label, command) : undefined)),
  );
  return device.guard(label, () => {
    const owned: GPUBuffer[] = [];
    return { resources: new Builder(device, label, plan, owned).build(pipelines), owned };
  });
}

function compileCommand(device: Device, label: string, command: DispatchCommand): Promise<Pipeline> {
  const { dispatch, buffers } = command;
  const limit = device.traits.limits.maxStorageBufferBindingSize;
  for (const { bytes } of buffers) {
    if (bytes > limit) {
      throw new LimitError(
        `${label}: ${dispatch.label} needs a buffer of ${formatBytes(bytes)}; this device binds at most ` +
          `${formatBytes(limit)} (maxStorageBufferBindingSize). Use a smaller batch, a shorter sequence or fewer ` +
          "units.",
        { kernel: dispatch.label, bytes, limit },
      );
    }
  }
  return device.pipelines.get(dispatch.label, dispatch.source, dispatch.entryPoint, dispatch.access);
}

class Builder {
  readonly #device: Device;
  readonly #label: string;
  readonly #plan: Plan;
  readonly #owned: GPUBuffer[];
  readonly #temporaries: GPUBuffer[];
  readonly #inputs: readonly (GPUBuffer | undefined)[];
  readonly #constants: readonly GPUBuffer[];
  readonly #slots: GPUBuffer | undefined;

  constructor(device: Device, label: string, plan: Plan, owned: GPUBuffer[]) {
    this.#device = device;
    this.#label = label;
    this.#plan = plan;
    this.#owned = owned;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#temporaries = plan.temporaries.map((bytes, index) => this.#make(bytes, storage, `temporary ${index}`));
    this.#slots = plan.slots === 0 ? undefined : this.#make(plan.slots * SLOT_BYTES, storage, "step");
    this.#inputs = plan.inputs.map(({ name, shape, location }) =>
      location.kind === "input" ? this.#make(sizeOf(shape) * BYTES_PER_ELEMENT, storage, name) : undefined,
    );
    this.#constants = plan.constants.map(({ data }) => {
      const buffer = this.#make(data.byteLength, storage, "constant");
      device.upload(buffer, data, `${label}: a constant`);
      return buffer;
    });
  }

  #make(bytes: number, usage: GPUBufferUsageFlags, name: string): GPUBuffer {
    const buffer = this.#device.createBuffer(bytes, usage, `${this.#label}: ${name}`);
    this.#owned.push(buffer);
    return buffer;
  }

  #resolve({ kind, index }: Location): { buffer: GPUBuffer; offset: number } {
    switch (kind) {
      case "variable":
        return { buffer: variablesOf(this.#device).bufferOf(this.#plan.variables[index] as StoredVariable), offset: 0 };
      case "slot":
        return { buffer: this.#slots as GPUBuffer, offset: index * SLOT_BYTES };
      default: {
        const buffers = { input: this.#inputs, temporary: this.#temporaries, constant: this.#constants }[kind];
        return { buffer: buffers[index] as GPUBuffer, offset: 0 };
      }
    }
  }

  build(pipelines: readonly (Pipeline | undefined)[]): Resources {
    const { commands, commits, outputs } = this.#plan;
    const params = this.#params(commands);
    let dispatched = 0;
    const encodable = commands.map((command, index): Encodable => {
      if (command.kind === "copy") return this.#copy(command);
      const pipeline = pipelines[index] as Pipeline;
      const uniform = {
        buffer: params.buffer as GPUBuffer,
        offset: params.offsets[dispatched] as number,
        size: params.sizes[dispatched] as number,
      };
      dispatched++;
      return {
        kind: "dispatch",
        label: command.dispatch.label,
        operation: command.operation,
        pipeline: pipeline.gpu,
        workgroups: command.dispatch.workgroups,
        group: this.#device.gpu.createBindGroup({
          label: command.dispatch.label,
          layout: pipeline.layout,
          entries: [
            { binding: 0, resource: uniform },
            ...command.buffers.map((bound, at) => this.#entry(bound, at + 1)),
          ],
        }),
      };
    });
    let offset = 0;
    const read = outputs.map(({ location, shape }) => {
      const bytes = sizeOf(shape) * BYTES_PER_ELEMENT;
      const at = offset;
      offset += bytes;
      const { buffer, offset: from } = this.#resolve(location);
      return { buffer, from, offset: at, bytes };
    });
    const staging =
      outputs.length === 0
        ? undefined
        : this.#make(offset, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, "outputs");
    return {
      commands: encodable,
      commits: commits.map((command) => this.#copy(command)),
      outputs: read,
      slots: this.#slots,
      inputs: this.#inputs,
      staging,
    };
  }

  #copy({ from, to, bytes }: CopyCommand): Encodable {
    const { buffer, offset: fromOffset } = this.#resolve(from);
    return { kind: "copy", from: buffer, fromOffset, to: this.#resolve(to).buffer, bytes };
  }

  #entry({ location, bytes }: BoundBuffer, binding: number): GPUBindGroupEntry {
    const { buffer, offset } = this.#resolve(location);
    return { binding, resource: { buffer, offset, size: Math.max(4, bytes) } };
  }

  /** Packs all params structs into one uniform buffer, each at an aligned offset. */
  #params(commands: readonly Command[]) {
    const packed = commands.flatMap((command) =>
      command.kind === "dispatch" ? [packParams(command.dispatch.params)] : [],
    );
    const align = this.#device.gpu.limits.minUniformBufferOffsetAlignment;
    let total = 0;
    const offsets = packed.map((bytes) => {
      const at = total;
      total += Math.ceil(bytes.byteLength / align) * align;
      return at;
    });
    if (total === 0) return { buffer: undefined, offsets, sizes: [] };
    const buffer = this.#make(total, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST, "params");
    const all = new Uint8Array(total);
    for (const [index, bytes] of packed.entries()) all.set(new Uint8Array(bytes), offsets[index] as number);
    this.#device.upload(buffer, all, this.#label);
    return { buffer, offsets, sizes: packed.map((bytes) => bytes.byteLength) };
  }
}
