/** Programs as something to time: by the GPU's own clock, or from submit to end on the host's. */
import type { Device } from "../gpu/device.ts";
import type { Feeds, Program } from "../runtime/run/program.ts";
import type { ShaderProgram } from "../runtime/run/shader_program.ts";
import type { Prepared } from "./bench_case.ts";
import { type Subject, TIMESTAMPS, WALL_CLOCK } from "./harness.ts";

/**
 * In Node a pending GPU promise keeps a core busy, which a software adapter could use: most of a run is slept through.
 */
const WAITS_BUSILY = "process" in globalThis && !("Deno" in globalThis);
/** How much of the time that runs are expected to take is slept through. */
const SLEEP_SHARE = 0.9;
/** Shorter times are not worth a sleep, in seconds. */
const SHORTEST_SLEEP = 0.003;

/** Sleeps through most of what work is expected to take, going by what it took before. */
export class Sleeper {
  #perRun = 0;

  /** Before the end of `runs` runs is asked for that were begun `since` seconds ago. */
  async sleep(runs: number, since = 0): Promise<void> {
    const seconds = this.#perRun * runs * SLEEP_SHARE - since;
    if (WAITS_BUSILY && seconds > SHORTEST_SLEEP) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }

  /** What `runs` runs took. */
  took(runs: number, seconds: number): void {
    const perRun = seconds / runs;
    // The fastest so far: to sleep too long would be measured as work.
    this.#perRun = this.#perRun === 0 ? perRun : Math.min(this.#perRun, perRun);
  }
}

/** Runs `runs` times by the GPU's clock; `sleep` is awaited before the end is asked for. */
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

/** A program timed by timestamp queries where the adapter has them, else by wall clock. */
export function programSubject(device: Device, program: Program, feeds?: Feeds): Subject {
  if (!hasTimestamps(device)) return programWallSubject(device, program, feeds);
  return timestampSubject((runs, sleep) => program.time(runs, feeds, sleep));
}

/** How many dispatches a run of the program has, and a way to learn how long the longest takes. */
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

/** As `programSubject`, for a shader by itself. */
export function shaderSubject(device: Device, program: ShaderProgram): Subject {
  if (!hasTimestamps(device)) return shaderWallSubject(device, program);
  return timestampSubject((runs, sleep) => program.time(runs, sleep));
}

/** As `programWallSubject`, for a shader by itself. */
export function shaderWallSubject(device: Device, program: ShaderProgram): Subject {
  return hostSubject(
    () => program.submit(),
    () => device.gpu.queue.onSubmittedWorkDone(),
  );
}

/**
 * Anything that is begun on the host and ended elsewhere, timed by wall clock.
 * @param begin begins one run; awaited where it gives a promise.
 * @param end resolves when all runs that were begun have ended.
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
