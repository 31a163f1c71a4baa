/** A graph made ready for one device: planned once, then replayed. */
import { DeviceError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { Device } from "../gpu/device.ts";
import type { Graph, LeafAttributes, Value, Variable } from "../graph/operation.ts";
import { printGraph } from "../graph/print.ts";
import { DispatchTimer } from "./dispatch_timer.ts";
import { encodeDispatch, encodeSteps } from "./encode.ts";
import type { Pacer } from "./pacer.ts";
import { type PlannedGraph, type ProgramOptions, planProgram } from "./plan_program.ts";
import { type Joined, Replay } from "./replay.ts";

export type { ProgramOptions } from "./plan_program.ts";

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
 * A graph planned for a device. From its second run on it creates no buffer, bind group, layout, pipeline, shader module
 * or query set; a run is one submit, and reads nothing back unless asked. Once its device was lost it is built again by the
 * next run that is awaited.
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
   * @throws DeviceError when a shader does not compile, a buffer passes a limit, or the GPU is out of memory; nothing is left behind.
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
    const dispatches = plan.steps.filter((step) => step.kind === "dispatch");
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
   * Runs once with a timestamp around every dispatch, in the order in which they run. Updates are committed as in `submit`.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async profile(feeds: Feeds = new Map()): Promise<DispatchTime[]> {
    const replay = this.#replay;
    const { device, label } = replay;
    this.#needTimestamps();
    await replay.ready();
    const { steps, commits } = replay.built.resources;
    const dispatches = steps.filter((step) => step.kind === "dispatch");
    const timer = await DispatchTimer.make(device, dispatches.length);
    try {
      replay.feed(this.#arrays(feeds));
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

  /**
   * Runs `runs` times in one submit and gives the GPU's seconds from the first dispatch's begin to the last one's end. Updates
   * are committed after each run. `sleep` is awaited before the end is asked for: asking keeps a core busy in Node, which a
   * software adapter could use.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async time(runs: number, feeds: Feeds = new Map(), sleep?: () => Promise<void>): Promise<number> {
    this.#needTimestamps();
    const replay = this.#replay;
    const { device } = replay;
    await replay.ready();
    const { steps, commits } = replay.built.resources;
    const all = Array.from({ length: runs }, () => [...steps, ...commits]).flat();
    if (!all.some((step) => step.kind === "dispatch")) return 0;
    const label = `${replay.label}: ${runs} runs`;
    const timer = await DispatchTimer.make(device, 1);
    try {
      replay.feed(this.#arrays(feeds));
      const encoder = device.gpu.createCommandEncoder({ label });
      encodeSteps(encoder, all, label, timer.queries);
      replay.changed();
      const [seconds] = await timer.submit(encoder, sleep);
      return seconds ?? 0;
    } finally {
      timer.dispose();
    }
  }

  #needTimestamps(): void {
    const { device, label } = this.#replay;
    if (device.gpu.features.has("timestamp-query")) return;
    throw new DeviceError(
      `${label}: this adapter has no timestamp queries (feature "timestamp-query"), so dispatches cannot be timed`,
    );
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

/** The time of one dispatch. */
export interface DispatchTime {
  readonly kernel: string;
  /** The graph's operation that the dispatch belongs to. */
  readonly operation: string;
  readonly seconds: number;
}
