/** Runs of a program under timestamp queries. */
import { DeviceError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { encodeDispatch, encodeSteps } from "../run/encode.ts";
import type { Replay } from "../run/replay.ts";
import { DispatchTimer } from "./dispatch_timer.ts";

/** The time of one dispatch. */
export interface DispatchTime {
  readonly kernel: string;
  /** The graph's operation that the dispatch belongs to. */
  readonly operation: string;
  readonly seconds: number;
}

/**
 * One run with a timestamp around every dispatch, in the order in which they run. @throws DeviceError without timestamp
 * queries.
 */
export async function profile(replay: Replay, arrays: readonly NdArray[]): Promise<DispatchTime[]> {
  const { device, label } = replay;
  needTimestamps(replay);
  await replay.ready();
  const { steps, commits } = replay.built.resources;
  const dispatches = steps.filter((step) => step.kind === "dispatch");
  const timer = await DispatchTimer.make(device, dispatches.length);
  try {
    replay.feed(arrays);
    const encoder = device.gpu.createCommandEncoder({ label: `${label}: profile` });
    for (const step of steps) {
      if (step.kind === "copy") encodeSteps(encoder, [step], label);
      else {
        const pass = encoder.beginComputePass({ label: step.label, timestampWrites: timer.next() });
        encodeDispatch(pass, step);
        pass.end();
      }
    }
    encodeSteps(encoder, commits, label);
    replay.changed();
    const seconds = await timer.submit(encoder);
    return dispatches.map(({ label: kernel, operation }, index) => ({
      kernel,
      operation,
      seconds: seconds[index] as number,
    }));
  } finally {
    timer.dispose();
  }
}

/** The GPU's seconds of `runs` runs in one submit. @throws DeviceError without timestamp queries. */
export async function timeRuns(
  replay: Replay,
  runs: number,
  arrays: readonly NdArray[],
  sleep?: () => Promise<void>,
): Promise<number> {
  needTimestamps(replay);
  const { device } = replay;
  await replay.ready();
  const { steps, commits } = replay.built.resources;
  const all = Array.from({ length: runs }, () => [...steps, ...commits]).flat();
  if (!all.some((step) => step.kind === "dispatch")) return 0;
  const label = `${replay.label}: ${runs} runs`;
  const timer = await DispatchTimer.make(device, 1);
  try {
    replay.feed(arrays);
    const encoder = device.gpu.createCommandEncoder({ label });
    encodeSteps(encoder, all, label, timer.queries);
    replay.changed();
    const [seconds] = await timer.submit(encoder, sleep);
    return seconds ?? 0;
  } finally {
    timer.dispose();
  }
}

function needTimestamps({ device, label }: Replay): void {
  if (device.gpu.features.has("timestamp-query")) return;
  throw new DeviceError(
    `${label}: this adapter has no timestamp queries (feature "timestamp-query"), so dispatches cannot be timed`,
  );
}
