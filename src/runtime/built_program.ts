/** A Program's plan and GPU objects on one generation of its device. */
import type { Device } from "../gpu/device.ts";
import type { Graph, Value } from "../graph/operation.ts";
import { optimize } from "../passes/optimize.ts";
import { type ChooseVariant, kernelCallsOf, type Plan, planGraph, SLOT_BYTES } from "./planner.ts";
import { type BuiltResources, buildResources } from "./program_resources.ts";
import { tuningOf, type Variants } from "./tune.ts";

/** Options of `Program.compile`. */
export interface ProgramOptions {
  readonly label: string;
  /** Every value that runs will feed. */
  readonly inputs: readonly Value[];
  /** Which of its `variants` a kernel call is to run; where this gives undefined, `variants`, the device's tuning or the call itself choose. */
  readonly chooseVariant?: ChooseVariant;
  /** Variants by class of call that go before the device's tuning, such as a saved training's; takes up those that tuning chooses. */
  readonly variants?: Variants | undefined;
}

/** What a Program has on one generation of its device. */
export interface Built extends BuiltResources {
  readonly generation: number;
  readonly graph: Graph;
  readonly plan: Plan;
  readonly slotData: DataView<ArrayBuffer>;
}

/** @throws DeviceError when a shader does not compile, a buffer passes a limit, or the GPU is out of memory; nothing is left behind. */
export async function buildProgram(device: Device, graph: Graph, options: ProgramOptions): Promise<Built> {
  const { label, inputs, chooseVariant, variants } = options;
  device.assertUsable();
  const { generation, traits } = device;
  const optimized = optimize(graph, { maxStorageBuffers: traits.limits.maxStorageBuffersPerShaderStage });
  const tuned = await tuningOf(device).chooserFor(() => kernelCallsOf(optimized), variants);
  const plan = planGraph(optimized, inputs, traits, (call) => chooseVariant?.(call) ?? tuned?.(call));
  const { resources, owned } = await buildResources(device, label, plan);
  device.assertUsable(generation);
  const slotData = new DataView(new ArrayBuffer(plan.slots * SLOT_BYTES));
  return { generation, graph: optimized, plan, resources, owned, slotData };
}
