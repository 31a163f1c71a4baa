/** Counts what is asked of a GPUDevice by wrapping its methods, its queue's, and every buffer's mapAsync. */
import type { Device } from "../../src/index.ts";

const DEVICE_METHODS = [
  "createBuffer",
  "createTexture",
  "createSampler",
  "createBindGroup",
  "createBindGroupLayout",
  "createPipelineLayout",
  "createComputePipeline",
  "createComputePipelineAsync",
  "createShaderModule",
  "createQuerySet",
] as const;

/** Calls since the last `reset`. */
export interface GpuCalls {
  readonly submits: number;
  readonly maps: number;
  /** Of objects that outlive a submit, by method; an encoder and what it makes are single-use and do not count. */
  readonly created: Readonly<Record<string, number>>;
  reset(): void;
  /** Puts the methods back. */
  restore(): void;
}

type Method = (...args: unknown[]) => unknown;

/** Begins to count on the device. */
export function countGpuCalls({ gpu }: Device): GpuCalls {
  const created: Record<string, number> = {};
  const counts = { submits: 0, maps: 0 };
  const restores: (() => void)[] = [];
  const wrap = (target: object, name: string, before: () => void, after?: (result: unknown) => void): void => {
    const methods = target as Record<string, Method>;
    const original = methods[name] as Method;
    methods[name] = (...args) => {
      before();
      const result = original.apply(target, args);
      after?.(result);
      return result;
    };
    restores.push(() => {
      methods[name] = original;
    });
  };
  for (const name of DEVICE_METHODS) {
    const count = () => {
      created[name] = (created[name] ?? 0) + 1;
    };
    wrap(gpu, name, count);
  }
  wrap(gpu.queue, "submit", () => counts.submits++);
  const prototype = Object.getPrototypeOf(probeBuffer(gpu)) as GPUBuffer;
  wrapMap(prototype, () => counts.maps++, restores);
  for (const name of Object.keys(created)) delete created[name];
  return {
    get submits() {
      return counts.submits;
    },
    get maps() {
      return counts.maps;
    },
    get created() {
      return { ...created };
    },
    reset() {
      counts.submits = 0;
      counts.maps = 0;
      for (const name of Object.keys(created)) delete created[name];
    },
    restore() {
      for (const restore of restores) restore();
    },
  };
}

function probeBuffer(gpu: GPUDevice): GPUBuffer {
  const buffer = gpu.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
  buffer.destroy();
  return buffer;
}

/** All buffers share a prototype: those made before the counting began are counted too. */
function wrapMap(prototype: GPUBuffer, count: () => void, restores: (() => void)[]): void {
  const original = prototype.mapAsync;
  prototype.mapAsync = function mapAsync(this: GPUBuffer, ...args: Parameters<GPUBuffer["mapAsync"]>) {
    count();
    return original.apply(this, args);
  };
  restores.push(() => {
    prototype.mapAsync = original;
  });
}
