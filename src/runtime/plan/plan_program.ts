/** From a graph to a plan for a device as it is. */
import type { Device } from "../../gpu/device.ts";
import type { Graph, Value } from "../../graph/operation.ts";
import { optimize } from "../../transform/optimize.ts";
import { tuningOf, type Variants } from "../measure/tune.ts";
import type { Plan } from "./plan.ts";
import { type ChooseVariant, kernelCallsOf, planGraph } from "./planner.ts";

/** Options of `Program.compile`. */
export interface ProgramOptions {
  readonly label: string;
  /** Every value that runs will feed. */
  readonly inputs: readonly Value[];
  /**
   * Which of its `variants` a kernel call is to run; where this gives undefined, `variants`, the device's tuning or the
   * call itself choose.
   */
  readonly chooseVariant?: ChooseVariant;
  /**
   * Variants by class of call that go before the device's tuning, such as a saved training's; takes up those that
   * tuning chooses.
   */
  readonly variants?: Variants | undefined;
}

/** A graph after the passes, and its plan. */
export interface PlannedGraph {
  readonly graph: Graph;
  readonly plan: Plan;
}

/** Optimizes and plans a graph, with kernels' variants as the device was tuned. */
export async function planProgram(device: Device, graph: Graph, options: ProgramOptions): Promise<PlannedGraph> {
  const { inputs, chooseVariant, variants } = options;
  const { traits } = device;
  const optimized = optimize(graph, { maxStorageBuffers: traits.limits.maxStorageBuffersPerShaderStage });
  const tuned = await tuningOf(device).chooserFor(() => kernelCallsOf(optimized), variants);
  const plan = planGraph(optimized, inputs, traits, (call) => chooseVariant?.(call) ?? tuned?.(call));
  return { graph: optimized, plan };
}
