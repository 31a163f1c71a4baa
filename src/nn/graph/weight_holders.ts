/** Weights that several models share stay on the device until the last of these models is disposed. */
import type { Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import { variablesOf } from "../../runtime/run/variables.ts";

const holders = new WeakMap<Device, Map<Variable, number>>();

/** Increments the reference counts of these weights on the device. */
export function holdWeights(device: Device, weights: readonly Variable[]): void {
  let counts = holders.get(device);
  if (counts === undefined) {
    counts = new Map();
    holders.set(device, counts);
  }
  for (const weight of weights) counts.set(weight, (counts.get(weight) ?? 0) + 1);
}

/** True when a model on the device uses any of these weights. */
export function areHeld(device: Device, weights: readonly Variable[]): boolean {
  const counts = holders.get(device);
  return weights.some((weight) => counts?.has(weight) === true);
}

/** Decrements the reference counts, and frees weights on the device that no model uses any more. */
export function releaseWeights(device: Device, weights: readonly Variable[]): void {
  const counts = holders.get(device);
  for (const weight of weights) {
    const left = (counts?.get(weight) ?? 1) - 1;
    if (left > 0) counts?.set(weight, left);
    else {
      counts?.delete(weight);
      variablesOf(device).release([weight]);
    }
  }
}
