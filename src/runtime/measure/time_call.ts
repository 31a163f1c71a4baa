/** Measures the time of a single kernel call on zero-filled buffers. */
import { BYTES_PER_ELEMENT } from "../../core/dtype.ts";
import type { KernelCall, KernelPlan } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Device } from "../../gpu/device.ts";
import type { Command, Plan } from "../plan/plan.ts";
import { type Encodable, encodeCommands } from "../run/encode.ts";
import { buildResources } from "../run/program_resources.ts";
import { DispatchTimer } from "./dispatch_timer.ts";

/**
 * The duration of a sample, in seconds, reached by repeating the call: browsers round timestamps to 100 µs, and a
 * submit takes time itself.
 */
const SAMPLE_SECONDS = 0.005;
const MOST_RUNS = 1000;
const GROWTH = 10;
const HEADROOM = 1.2;
const SAMPLES = 3;
/** No further sample is taken after this many seconds. */
const PATIENCE = 1;

/**
 * Measures one run of the call's variant in seconds: the minimum of a few samples, by timestamp queries if available,
 * otherwise from submit to completion. The first run, which may compile, is not counted.
 * @throws DeviceError when the device rejects the variant; all buffers are freed.
 */
export async function timeCall(device: Device, call: KernelCall, variant: string): Promise<number> {
  const label = `tuning: ${call.kernel}/${variant}`;
  const { resources, owned } = await buildResources(device, label, planAlone(call, call.plan(device.traits, variant)));
  try {
    const { commands } = resources;
    await timeCommands(device, label, commands, 1);
    let runs = 1;
    let seconds = await timeCommands(device, label, commands, runs);
    let spent = seconds;
    while (seconds < SAMPLE_SECONDS && runs < MOST_RUNS) {
      // A time of 0 means that the clock is too coarse.
      const wanted = seconds > 0 ? Math.ceil((runs * SAMPLE_SECONDS * HEADROOM) / seconds) : runs * GROWTH;
      runs = Math.min(MOST_RUNS, runs * GROWTH, Math.max(runs + 1, wanted));
      seconds = await timeCommands(device, label, commands, runs);
      spent += seconds;
    }
    let best = seconds;
    for (let sample = 1; sample < SAMPLES && spent < PATIENCE; sample++) {
      seconds = await timeCommands(device, label, commands, runs);
      best = Math.min(best, seconds);
      spent += seconds;
    }
    return best / runs;
  } finally {
    for (const buffer of owned) device.destroyBuffer(buffer);
  }
}

/** Plans the call with a separate buffer for every tensor and scratch buffer. */
function planAlone({ kernel }: KernelCall, { dispatches }: KernelPlan): Plan {
  const tensors = [...new Set(dispatches.flatMap(({ buffers }) => buffers.map(({ tensor }) => tensor)))];
  const temporaries = tensors.map((tensor) =>
    "bytes" in tensor ? tensor.bytes : sizeOf(tensor.shape) * BYTES_PER_ELEMENT,
  );
  const commands = dispatches.map(
    ({ buffers, ...dispatch }): Command => ({
      kind: "dispatch",
      dispatch: { ...dispatch, access: buffers.map(({ access }) => access) },
      buffers: buffers.map(({ tensor }) => {
        const index = tensors.indexOf(tensor);
        return { location: { kind: "temporary", index }, bytes: temporaries[index] ?? 0 };
      }),
      operation: kernel,
    }),
  );
  const none = { commits: [], inputs: [], slots: 0, outputs: [], variables: [], constants: [], updated: [] };
  return { commands, temporaries, ...none };
}

async function timeCommands(
  device: Device,
  label: string,
  commands: readonly Encodable[],
  runs: number,
): Promise<number> {
  if (commands.length === 0) return 0;
  const { queue, features } = device.gpu;
  const all = Array.from({ length: runs }, () => commands).flat();
  if (!features.has("timestamp-query")) {
    let began = 0;
    device.submit(label, (encoder) => {
      encodeCommands(encoder, all, label);
      began = performance.now();
    });
    await queue.onSubmittedWorkDone();
    return (performance.now() - began) / 1000;
  }
  const timer = await DispatchTimer.make(device, 1);
  try {
    const [seconds = 0] = await timer.submit((encoder) => encodeCommands(encoder, all, label, timer.queries));
    return seconds;
  } finally {
    timer.dispose();
  }
}
