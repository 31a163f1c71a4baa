/** What work would take of a device, found out by preparing it on one that makes nothing. */
import type { Device } from "../../gpu/device.ts";
import { PlanningDevice } from "../../gpu/planning_device.ts";
import type { Variable } from "../../graph/operation.ts";
import { variablesOf } from "../run/variables.ts";

export type { PlanningDevice } from "../../gpu/planning_device.ts";

/**
 * Runs `work` on a device that only plans, and frees it.
 * @param variables those that the work will meet, and that the device may hold already: their room is not taken twice
 * @param memoryLimit bytes that all buffers of the device may take, the others that it holds with them
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
  // Nothing is uploaded: initial contents need not be drawn.
  store.restore(new Map(variables.map((variable) => [variable, { shape: variable.shape, data: new Float32Array() }])));
  try {
    return await work(plan);
  } finally {
    store.release(variables);
    plan.dispose();
  }
}
