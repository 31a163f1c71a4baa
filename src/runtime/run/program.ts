/** A graph made ready for one device: planned once, then replayed. */
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

/** What a Program does in one run, as numbers. */
export interface ProgramStatistics {
  /** Dispatches of a run, without the extra chunks that the watchdog limit forces. */
  readonly dispatches: number;
  readonly extraChunks: number;
  /** Buffers and bytes that the program owns; variables are not among them. */
  readonly buffers: number;
  readonly bytes: number;
}

/** Feeds of one run: an array for every input. */
export type Feeds = ReadonlyMap<Value, NdArray>;

/**
 * A graph planned for a device. From its second run on it creates no buffer, bind group, layout, pipeline, shader
 * module or query set; a run is one submit, and reads nothing back unless asked. Once its device was lost it is built
 * again by the next run that is awaited.
 */
export class Program {
  readonly #replay: Replay;
  readonly #inputs: readonly Value[];
  /** The variables that a run changes. */
  readonly updated: readonly Variable[];
  /** The optimized graph; another one where another device came. */
  readonly #optimized: () => Graph;

  private constructor(replay: Replay, graph: Graph, inputs: readonly Value[], optimized: () => Graph) {
    this.#replay = replay;
    this.#inputs = inputs;
    this.#optimized = optimized;
    this.updated = graph.updates.map(({ variable }) => variable);
  }

  /**
   * Optimizes, plans and compiles `graph`; all pipelines compile at once.
   * @throws DeviceError when a shader does not compile, a buffer passes a limit, or the GPU is out of memory; nothing
   * is left behind.
   */
  static async compile(device: Device, graph: Graph, options: ProgramOptions): Promise<Program> {
    let planned: PlannedGraph | undefined;
    const replay = await Replay.make(device, options.label, async () => {
      planned = await planProgram(device, graph, options);
      return planned.plan;
    });
    return new Program(replay, graph, options.inputs, () => planned?.graph ?? graph);
  }

  /** The optimized graph as text. */
  get text(): string {
    return printGraph(this.#optimized());
  }

  /** Counts of the plan, and the memory that it takes. */
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

  /** Builds again what a loss of the device took; `run`, `profile` and `time` do so by themselves. */
  async ready(): Promise<void> {
    return this.#replay.ready();
  }

  /**
   * Runs once without waiting: the updates happen on the GPU, in the order of the submits.
   * @param joined is done in the same submit, once the updates are
   * @throws DeviceLostError when the device was lost since the program was `ready`.
   */
  submit(feeds: Feeds = new Map(), joined?: Joined): void {
    this.#replay.submit(this.#arrays(feeds), joined);
  }

  /** Records a run into an encoder that the caller submits at once. @throws as `submit`. */
  record(encoder: GPUCommandEncoder, feeds: Feeds = new Map()): void {
    this.#replay.record(encoder, this.#arrays(feeds));
  }

  /** Runs once and reads the outputs back. In a loop, a pacer spares the time between submit and end. */
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
   * Runs once with a timestamp around every dispatch, in the order in which they run. Updates are committed as in
   * `submit`.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async profile(feeds: Feeds = new Map()): Promise<DispatchTime[]> {
    const { profile } = await import("../measure/timed_runs.ts");
    return profile(this.#replay, this.#arrays(feeds));
  }

  /**
   * Runs `runs` times in one submit and gives the GPU's seconds from the first dispatch's begin to the last one's end.
   * Updates are committed after each run. `sleep` is awaited before the end is asked for: asking keeps a core busy in
   * Node, which a software adapter could use.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async time(runs: number, feeds: Feeds = new Map(), sleep?: () => Promise<void>): Promise<number> {
    const { timeRuns } = await import("../measure/timed_runs.ts");
    return timeRuns(this.#replay, runs, this.#arrays(feeds), sleep);
  }

  /** Frees the program's buffers, once a run that is under way has ended; variables stay. Harmless when repeated. */
  dispose(): void {
    this.#replay.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
