/** Plans that run on any adapter. */
import type { AdapterTraits } from "../../core/kernel_call.ts";
import type { Graph, Value } from "../../graph/operation.ts";
import { optimize } from "../../transform/optimize.ts";
import type { Plan } from "./plan.ts";
import { planGraph } from "./planner.ts";

/**
 * WebGPU's default limits, and the speed of a slow software adapter, so that no dispatch exceeds a watchdog's limit.
 */
export const PORTABLE_TRAITS: AdapterTraits = {
  kind: "gpu",
  subgroupSize: 0,
  limits: {
    maxStorageBuffersPerShaderStage: 8,
    maxStorageBufferBindingSize: 2 ** 27,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupsPerDimension: 65535,
  },
  multiplyAddsPerSecond: 1e9,
  dispatchSeconds: 0.1,
};

/** Plans a graph for an unknown adapter. */
export function planPortably(graph: Graph, inputs: readonly Value[]): Plan {
  const { maxStorageBuffersPerShaderStage: maxStorageBuffers } = PORTABLE_TRAITS.limits;
  return planGraph(optimize(graph, { maxStorageBuffers }), inputs, PORTABLE_TRAITS);
}
