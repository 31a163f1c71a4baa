/**
 * A GPUDevice during its lifetime, and everything that belongs to it. A Device has one at a time, and a new one after
 * each loss.
 */
import { DeviceLostError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import { adapterName, adapterTraits, type OpenedGpu } from "./adapter.ts";
import { PipelineCache } from "./pipeline.ts";

/** One of a Device's GPUDevices. Objects created on it cannot be used on another. */
export interface Generation {
  /** Counts from 0. */
  readonly number: number;
  readonly gpu: GPUDevice;
  readonly adapter: string;
  readonly traits: AdapterTraits;
  readonly pipelines: PipelineCache;
  /** Resolves when this GPUDevice is lost; never rejects. */
  readonly lost: Promise<DeviceLostError>;
}

/** Wraps an opened GPUDevice. */
export function makeGeneration(number: number, { gpu, info }: OpenedGpu): Generation {
  return {
    number,
    gpu,
    adapter: adapterName(info),
    traits: adapterTraits(gpu, info),
    pipelines: new PipelineCache(gpu),
    lost: gpu.lost.then(
      ({ reason, message }) =>
        new DeviceLostError(`the GPU device was lost (${reason}): ${message || "the driver gave no reason"}`, {
          reason,
        }),
    ),
  };
}
