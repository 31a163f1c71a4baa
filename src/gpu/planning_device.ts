/** A device that creates nothing, but counts the memory that a real one would use. */
import type { AdapterTraits } from "../core/kernel_call.ts";
import { Device } from "./device.ts";

/**
 * Stands in for a real device with the same limits and traits: the same code plans and compiles programs for it, but
 * they use no memory and cannot run. `memory` is what the real device would use.
 */
export class PlanningDevice extends Device {
  readonly #real: Device;
  readonly #labels = new Map<GPUBuffer, string>();

  /** @param memoryLimit the bytes that the real device may still allocate */
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

  /** Uploads nothing, because a plan has shapes but no contents. */
  override upload(): void {}

  /** The allocated bytes by group; `groupOf` maps a buffer's label to its group. */
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
