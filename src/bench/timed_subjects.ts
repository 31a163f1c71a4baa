/** Subjects for the harness: programs timed by the GPU's clock, or from submit to end on the host. */
import type { Device } from "../gpu/device.ts";
import type { Feeds, Program } from "../runtime/run/program.ts";
import type { ShaderProgram } from "../runtime/run/shader_program.ts";
import type { Prepared } from "./bench_case.ts";
import { type Subject, TIMESTAMPS, WALL_CLOCK } from "./harness.ts";

/**
 * In Node a pending GPU promise keeps a core busy that a software adapter could use, so the host sleeps during most of
 * a run.
 */
const WAITS_BUSILY = "process" in globalThis && !("Deno" in globalThis);
/** The fraction of the expected time to sleep. */
const SLEEP_SHARE = 0.9;
/** The shortest sleep in seconds. */
const SHORTEST_SLEEP = 0.003;

/** Sleeps during most of the time that work is expected to take, based on earlier runs. */
export class Sleeper {
  #perRun = 0;

  /** Call it before awaiting the end of `runs` runs, which began `since` seconds ago. */
  async sleep(runs: number, since = 0): Promise<void> {
    const seconds = this.#perRun * runs * SLEEP_SHARE - since;
    if (WAITS_BUSILY && seconds > SHORTEST_SLEEP) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }

  /** Records the seconds that `runs` runs took. */
  took(runs: number, seconds: number): void {
    const perRun = seconds / runs;
    // Use the fastest run so far, because oversleeping would be measured as work.
    this.#perRun = this.#perRun === 0 ? perRun : Math.min(this.#perRun, perRun);
  }
}

/** Times `runs` runs by the GPU's clock; `sleep` is awaited before the result is requested. */
type TimeRuns = (runs: number, sleep: () => Promise<void>) => Promise<number>;

function timestampSubject(time: TimeRuns): Subject {
  const sleeper = new Sleeper();
  return {
    clock: TIMESTAMPS,
    time: async (runs) => {
      const seconds = await time(runs, () => sleeper.sleep(runs));
      sleeper.took(runs, seconds);
      return seconds;
    },
  };
}

const hasTimestamps = (device: Device): boolean => device.gpu.features.has("timestamp-query");

/** A program timed by timestamp queries if the adapter has them, otherwise by wall clock. */
export function programSubject(device: Device, program: Program, feeds?: Feeds): Subject {
  if (!hasTimestamps(device)) return programWallSubject(device, program, feeds);
  return timestampSubject((runs, sleep) => program.time(runs, feeds, sleep));
}

/** The number of dispatches of a program's run, and a function that measures the longest. */
export function dispatchesOf(
  device: Device,
  program: Program,
  feeds?: Feeds,
): Pick<Prepared, "dispatches" | "extraChunks" | "longestDispatch"> {
  const { dispatches, extraChunks } = program.statistics;
  const longestDispatch = async () => Math.max(0, ...(await program.profile(feeds)).map(({ seconds }) => seconds));
  return { dispatches, extraChunks, ...(hasTimestamps(device) && { longestDispatch }) };
}

/** A program timed from its submits to the end of its work. */
export function programWallSubject(device: Device, program: Program, feeds?: Feeds): Subject {
  return hostSubject(
    () => program.submit(feeds),
    () => device.gpu.queue.onSubmittedWorkDone(),
  );
}

/** Like `programSubject`, for a single shader. */
export function shaderSubject(device: Device, program: ShaderProgram): Subject {
  if (!hasTimestamps(device)) return shaderWallSubject(device, program);
  return timestampSubject((runs, sleep) => program.time(runs, sleep));
}

/** Like `programWallSubject`, for a single shader. */
export function shaderWallSubject(device: Device, program: ShaderProgram): Subject {
  return hostSubject(
    () => program.submit(),
    () => device.gpu.queue.onSubmittedWorkDone(),
  );
}

/**
 * Any asynchronous work, timed by wall clock.
 * @param begin begins one run; awaited if it returns a promise.
 * @param end resolves when all runs have ended.
 */
export function hostSubject(begin: () => unknown, end: () => Promise<unknown>): Subject {
  const sleeper = new Sleeper();
  return {
    clock: WALL_CLOCK,
    time: async (runs) => {
      const began = performance.now();
      for (let run = 0; run < runs; run++) await begin();
      await sleeper.sleep(runs, (performance.now() - began) / 1000);
      await end();
      const seconds = (performance.now() - began) / 1000;
      sleeper.took(runs, seconds);
      return seconds;
    },
  };
}
