/** Turns a graph into a plan for a device. */
import type { Device } from "../../gpu/device.ts";
import type { Graph, Value } from "../../graph/operation.ts";
import { optimize } from "../../transform/optimize.ts";
import { tuningOf, type Variants } from "../measure/tune.ts";
import type { Plan } from "./plan.ts";
import { type ChooseVariant, kernelCallsOf, planGraph } from "./planner.ts";

/** Options of `Program.compile`. */
export interface ProgramOptions {
  readonly label: string;
  /** All inputs of the graph. */
  readonly inputs: readonly Value[];
  /**
   * Chooses the variant of a kernel call. If it returns undefined, `variants`, the device's tuning or the call itself
   * choose.
   */
  readonly chooseVariant?: ChooseVariant;
  /**
   * Variants by class of calls, such as those of a saved training run. They take precedence over the device's tuning;
   * new choices are added.
   */
  readonly variants?: Variants | undefined;
}

/** The optimized graph and its plan. */
export interface PlannedGraph {
  readonly graph: Graph;
  readonly plan: Plan;
}

/** Optimizes and plans a graph, with the kernel variants that tuning has chosen. */
export async function planProgram(device: Device, graph: Graph, options: ProgramOptions): Promise<PlannedGraph> {
  const { inputs, chooseVariant, variants } = options;
  const { traits } = device;
  const optimized = optimize(graph, { maxStorageBuffers: traits.limits.maxStorageBuffersPerShaderStage });
  const tuned = await tuningOf(device).chooserFor(() => kernelCallsOf(optimized), variants);
  const plan = planGraph(optimized, inputs, traits, (call) => chooseVariant?.(call) ?? tuned?.(call));
  return { graph: optimized, plan };
}
