/** The time of one kernel call by itself, on buffers of zeros. */
import { BYTES_PER_ELEMENT } from "../core/dtype.ts";
import type { BufferBinding, KernelCall, KernelPlan } from "../core/kernel_call.ts";
import { sizeOf } from "../core/shape.ts";
import type { Device } from "../gpu/device.ts";
import { DispatchTimer } from "./dispatch_timer.ts";
import { type Encodable, encodeSteps } from "./encode.ts";
import type { Plan } from "./planner.ts";
import { buildResources } from "./program_resources.ts";

/** A sample is made this long, in seconds, by running the call often: clocks are coarse, and a submit costs time of its own. */
const SAMPLE_SECONDS = 0.01;
const MOST_RUNS = 64;
const SAMPLES = 3;
/** No further sample is taken after so long. */
const PATIENCE = 1;

/**
 * Seconds of one run of the call's variant: the least of a few samples, by timestamp queries where there are any, else from
 * submit to end. The first run, which may compile, does not count.
 * @throws DeviceError when the device refuses the variant; nothing stays behind.
 */
export async function timeCall(device: Device, call: KernelCall, variant: string): Promise<number> {
  const label = `tuning: ${call.kernel}/${variant}`;
  const { resources, owned } = await buildResources(device, label, planAlone(call, call.plan(device.traits, variant)));
  try {
    const { steps } = resources;
    await timeSteps(device, label, steps, 1);
    let best = await timeSteps(device, label, steps, 1);
    const runs = Math.max(1, Math.min(MOST_RUNS, Math.ceil(SAMPLE_SECONDS / Math.max(best, 1e-6))));
    for (let sample = 0, spent = best; sample < SAMPLES && spent < PATIENCE; sample++) {
      const seconds = await timeSteps(device, label, steps, runs);
      // One run by itself has the submit's cost in it: it counts only where all samples are of one run.
      best = sample === 0 && runs > 1 ? seconds / runs : Math.min(best, seconds / runs);
      spent += seconds;
    }
    return best;
  } finally {
    for (const buffer of owned) device.destroyBuffer(buffer);
  }
}

/** Every tensor and scratch in a buffer of its own. */
function planAlone(call: KernelCall, plan: KernelPlan): Plan {
  const operands = [...call.reads, ...call.writes].map(({ shape }) => sizeOf(shape) * BYTES_PER_ELEMENT);
  const temporaries = [...operands, ...plan.scratch];
  const first = { read: 0, write: call.reads.length, scratch: operands.length };
  const bound = ({ kind, index }: BufferBinding) => {
    const buffer = first[kind] + index;
    return { location: { kind: "temporary" as const, buffer }, bytes: temporaries[buffer] ?? 0 };
  };
  const steps = plan.dispatches.map((dispatch) => ({
    kind: "dispatch" as const,
    dispatch,
    buffers: dispatch.buffers.map(bound),
    operation: call.kernel,
  }));
  return { steps, commits: [], temporaries, inputs: new Map(), slots: 0, outputs: [] };
}

async function timeSteps(device: Device, label: string, steps: readonly Encodable[], runs: number): Promise<number> {
  if (steps.length === 0) return 0;
  const { queue, features } = device.gpu;
  const all = Array.from({ length: runs }, () => steps).flat();
  const encoder = device.gpu.createCommandEncoder({ label });
  if (!features.has("timestamp-query")) {
    encodeSteps(encoder, all, label);
    const began = performance.now();
    queue.submit([encoder.finish()]);
    await queue.onSubmittedWorkDone();
    return (performance.now() - began) / 1000;
  }
  const timer = new DispatchTimer(device, 1);
  try {
    encodeSteps(encoder, all, label, timer.queries);
    const [seconds = 0] = await timer.submit(encoder);
    return seconds;
  } finally {
    timer.dispose();
  }
}
