/** A graph compiled for one device: planned once, then run repeatedly. */
import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { Device } from "../../gpu/device.ts";
import type { Graph, LeafAttributes, Value, Variable } from "../../graph/operation.ts";
import { printGraph } from "../../graph/print.ts";
import type { DispatchTime } from "../measure/timed_runs.ts";
import { type PlannedGraph, type ProgramOptions, planProgram } from "../plan/plan_program.ts";
import type { Pacer } from "./pacer.ts";
import { type Joined, Replay } from "./replay.ts";

export type { DispatchTime } from "../measure/timed_runs.ts";
export type { ProgramOptions } from "../plan/plan_program.ts";

/** Statistics of a Program. */
export interface ProgramStatistics {
  /** Dispatches of one run, without the extra chunks that keep dispatches short. */
  readonly dispatches: number;
  readonly extraChunks: number;
  /** The number of buffers and bytes that the program owns, without variables. */
  readonly buffers: number;
  readonly bytes: number;
}

/** The inputs of one run: an array for every input value. */
export type Feeds = ReadonlyMap<Value, NdArray>;

/**
 * A compiled graph. From the second run on, it creates no GPU objects; a run is one submit, and reads nothing back
 * unless asked. After the loss of its device, the next awaited run builds it again.
 */
export class Program {
  readonly #replay: Replay;
  readonly #inputs: readonly Value[];
  /** The variables that a run updates. */
  readonly updated: readonly Variable[];
  /** The optimized graph; it changes with the device. */
  readonly #optimized: () => Graph;

  private constructor(replay: Replay, graph: Graph, inputs: readonly Value[], optimized: () => Graph) {
    this.#replay = replay;
    this.#inputs = inputs;
    this.#optimized = optimized;
    this.updated = graph.updates.map(({ variable }) => variable);
  }

  /**
   * Optimizes, plans and compiles `graph`; all pipelines compile in parallel.
   * @throws DeviceError when a shader does not compile, a buffer exceeds a limit, or the GPU is out of memory;
   * everything is freed.
   */
  static async compile(device: Device, graph: Graph, options: ProgramOptions): Promise<Program> {
    let planned: PlannedGraph | undefined;
    const replay = await Replay.make(device, options.label, async () => {
      planned = await planProgram(device, graph, options);
      return planned.plan;
    });
    return new Program(replay, graph, options.inputs, () => planned?.graph ?? graph);
  }

  /** The optimized graph as a string. */
  get text(): string {
    return printGraph(this.#optimized());
  }

  /** Counts of the plan, and the memory that it uses. */
  get statistics(): ProgramStatistics {
    const { plan, owned } = this.#replay.built;
    const dispatches = plan.commands.filter((command) => command.kind === "dispatch");
    const extraChunks = dispatches.filter(({ dispatch }) => dispatch.isExtraChunk === true).length;
    return {
      dispatches: dispatches.length - extraChunks,
      extraChunks,
      buffers: owned.length,
      bytes: owned.reduce((sum, buffer) => sum + buffer.size, 0),
    };
  }

  /** Recreates what was lost with the device. `run`, `profile` and `time` do so themselves. */
  async ready(): Promise<void> {
    return this.#replay.ready();
  }

  /**
   * Runs once without waiting. Updates happen on the GPU, in the order of the submits.
   * @param joined work to append to the same submit, after the updates
   * @throws DeviceLostError when the device was lost since `ready`.
   */
  submit(feeds: Feeds = new Map(), joined?: Joined): void {
    this.#replay.submit(this.#arrays(feeds), joined);
  }

  /** Encodes a run into an encoder that the caller submits immediately. @throws as `submit`. */
  record(encoder: GPUCommandEncoder, feeds: Feeds = new Map()): void {
    this.#replay.record(encoder, this.#arrays(feeds));
  }

  /** Runs once and reads the outputs back. In a loop, pass a pacer to sleep during most of the run. */
  async run(feeds: Feeds = new Map(), pacer?: Pacer): Promise<NdArray[]> {
    return this.#replay.run(this.#arrays(feeds), pacer);
  }

  #arrays(feeds: Feeds): NdArray[] {
    this.#replay.assertOpen();
    return this.#inputs.map((value) => {
      const array = feeds.get(value);
      if (array !== undefined) return array;
      const { name } = value.operation.attributes as LeafAttributes;
      throw new ValueError(`${this.#replay.label}: the input "${name}" was not fed`, { input: name });
    });
  }

  /**
   * Runs once with a timestamp around every dispatch; returns the dispatches in execution order. Updates are committed
   * as in `submit`.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async profile(feeds: Feeds = new Map()): Promise<DispatchTime[]> {
    const { profile } = await import("../measure/timed_runs.ts");
    return profile(this.#replay, this.#arrays(feeds));
  }

  /**
   * Runs `runs` times in one submit and returns the GPU time from the start of the first dispatch to the end of the
   * last, in seconds. Updates are committed after each run. `sleep` is awaited before the result is read, because
   * waiting keeps a core busy in Node that a software adapter could use.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async time(runs: number, feeds: Feeds = new Map(), sleep?: () => Promise<void>): Promise<number> {
    const { timeRuns } = await import("../measure/timed_runs.ts");
    return timeRuns(this.#replay, runs, this.#arrays(feeds), sleep);
  }

  /** Frees the program's buffers once a pending run has ended, but not variables. Does nothing when called again. */
  dispose(): void {
    this.#replay.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
