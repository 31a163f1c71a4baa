/** A GPUDevice for as long as it lives, with all that is made for it alone. A Device has one after the other. */
import { DeviceLostError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import { adapterName, adapterTraits, type OpenedGpu } from "./adapter.ts";
import { PipelineCache } from "./pipeline.ts";

/** One of a Device's GPUDevices. What was made on it is of no use on another. */
export interface Generation {
  /** From 0 on. */
  readonly number: number;
  readonly gpu: GPUDevice;
  readonly adapter: string;
  readonly traits: AdapterTraits;
  readonly pipelines: PipelineCache;
  /** Resolves, and never rejects, when this GPUDevice is lost. */
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
        new DeviceLostError(`the GPU device was lost (${reason}): ${message || "no further word from the driver"}`, {
          reason,
        }),
    ),
  };
}
