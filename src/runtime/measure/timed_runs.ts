/** Runs of a program under timestamp queries. */
import { DeviceError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { encodeCommands, encodeDispatch } from "../run/encode.ts";
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
 * Runs once with a timestamp around every dispatch; returns the dispatches in execution order.
 * @throws DeviceError without timestamp queries.
 */
export async function profile(replay: Replay, arrays: readonly NdArray[]): Promise<DispatchTime[]> {
  const { device, label } = replay;
  needTimestamps(replay);
  await replay.ready();
  const { commands, commits } = replay.built.resources;
  const dispatches = commands.filter((command) => command.kind === "dispatch");
  const timer = await DispatchTimer.make(device, dispatches.length);
  try {
    replay.feed(arrays);
    replay.changed();
    const seconds = await timer.submit((encoder) => {
      for (const command of commands) {
        if (command.kind === "copy") encodeCommands(encoder, [command], label);
        else {
          const pass = encoder.beginComputePass({ label: command.label, timestampWrites: timer.next() });
          encodeDispatch(pass, command);
          pass.end();
        }
      }
      encodeCommands(encoder, commits, label);
    });
    return dispatches.map(({ label: kernel, operation }, index) => ({
      kernel,
      operation,
      seconds: seconds[index] as number,
    }));
  } finally {
    timer.dispose();
  }
}

/** Measures the GPU time of `runs` runs in one submit, in seconds. @throws DeviceError without timestamp queries. */
export async function timeRuns(
  replay: Replay,
  runs: number,
  arrays: readonly NdArray[],
  sleep?: () => Promise<void>,
): Promise<number> {
  needTimestamps(replay);
  const { device } = replay;
  await replay.ready();
  const { commands, commits } = replay.built.resources;
  const all = Array.from({ length: runs }, () => [...commands, ...commits]).flat();
  if (!all.some((command) => command.kind === "dispatch")) return 0;
  const label = `${replay.label}: ${runs} runs`;
  const timer = await DispatchTimer.make(device, 1);
  try {
    replay.feed(arrays);
    replay.changed();
    const [seconds] = await timer.submit((encoder) => encodeCommands(encoder, all, label, timer.queries), sleep);
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
