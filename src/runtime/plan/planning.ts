/** Estimates what work needs of a device by preparing it on a device that creates nothing. */
import type { Device } from "../../gpu/device.ts";
import { PlanningDevice } from "../../gpu/planning_device.ts";
import type { Variable } from "../../graph/operation.ts";
import { variablesOf } from "../run/variables.ts";

export type { PlanningDevice } from "../../gpu/planning_device.ts";

/**
 * Runs `work` on a planning device, and frees that device.
 * @param variables variables that the work uses and that the device may hold already: their memory is counted once
 * @param memoryLimit the most bytes that all buffers of the device may take, including those that it holds now
 */
export async function planning<T>(
  device: Device,
  variables: readonly Variable[],
  memoryLimit: number,
  work: (device: PlanningDevice) => Promise<T>,
): Promise<T> {
  const held = device.memory.bytes - variablesOf(device).bytesOf(variables);
  const plan = new PlanningDevice(device, Math.max(1, memoryLimit - held));
  const store = variablesOf(plan);
  // Nothing is uploaded, so the initial values need not be generated.
  store.restore(new Map(variables.map((variable) => [variable, { shape: variable.shape, data: new Float32Array() }])));
  try {
    return await work(plan);
  } finally {
    store.release(variables);
    plan.dispose();
  }
}
