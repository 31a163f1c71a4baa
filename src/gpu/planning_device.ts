/** A device that creates nothing and counts what would be created. */
import type { AdapterTraits } from "../core/kernel_call.ts";
import { Device } from "./device.ts";

/**
 * Replaces a device, with the same limits and traits: the same code plans and compiles programs for it, but they take
 * no memory and cannot run. `memory` is what the real device would hold.
 */
export class PlanningDevice extends Device {
  readonly #real: Device;
  readonly #labels = new Map<GPUBuffer, string>();

  /** @param memoryLimit what the real device may still take, in bytes */
  constructor(real: Device, memoryLimit: number) {
    super({ gpu: gpuWithout(real.gpu), info: undefined }, { memoryLimit, tune: false, onDeviceLost: undefined });
    this.#real = real;
  }

  override get traits(): AdapterTraits {
    return this.#real.traits;
  }

  override get adapter(): string {
    return this.#real.adapter;
  }

  override createBuffer(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    const buffer = super.createBuffer(bytes, usage, label);
    this.#labels.set(buffer, label);
    return buffer;
  }

  override destroyBuffer(buffer: GPUBuffer): void {
    super.destroyBuffer(buffer);
    this.#labels.delete(buffer);
  }

  /** Uploads nothing: a plan has shapes but no contents. */
  override upload(): void {}

  /** The bytes that are held, summed by group; `groupOf` maps a buffer's label to its group. */
  bytesBy<Group extends string>(groupOf: (label: string) => Group): Map<Group, number> {
    const bytes = new Map<Group, number>();
    for (const [buffer, label] of this.#labels) {
      const group = groupOf(label);
      if (this.holds(buffer)) bytes.set(group, (bytes.get(group) ?? 0) + buffer.size);
    }
    return bytes;
  }
}

/** The methods of a GPUDevice that a program calls before it runs; here they do nothing. */
function gpuWithout({ limits, features }: GPUDevice): GPUDevice {
  const nothing = () => ({});
  const gpu = {
    limits,
    features,
    lost: new Promise<GPUDeviceLostInfo>(() => undefined),
    pushErrorScope: () => undefined,
    popErrorScope: async () => null,
    createBuffer: ({ size, usage, label = "" }: GPUBufferDescriptor) => ({
      size,
      usage,
      label,
      destroy: () => undefined,
    }),
    createBindGroup: nothing,
    createBindGroupLayout: nothing,
    createPipelineLayout: nothing,
    createShaderModule: nothing,
    createComputePipelineAsync: async () => ({}),
  };
  return gpu as unknown as GPUDevice;
}
