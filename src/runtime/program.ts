/** A graph made ready for one device: planned once, then replayed. */
import { allocate, BYTES_PER_ELEMENT, type HostData } from "../core/dtype.ts";
import { DeviceError, DisposedError, ShapeError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import type { Device } from "../gpu/device.ts";
import type { Graph, LeafAttributes, Value, Variable } from "../graph/operation.ts";
import { printGraph } from "../graph/print.ts";
import { type Built, buildProgram, type ProgramOptions } from "./built_program.ts";
import { DispatchTimer } from "./dispatch_timer.ts";
import { encodeDispatch, encodeSteps } from "./encode.ts";
import type { Pacer } from "./pacer.ts";
import { SLOT_BYTES } from "./planner.ts";
import { mapBuffer } from "./staging.ts";
import { type VariableStaging, variablesOf } from "./variables.ts";

export type { ProgramOptions } from "./built_program.ts";

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
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #options: ProgramOptions;
  readonly #label: string;
  /** The variables that a run changes. */
  readonly updated: readonly Variable[];
  readonly #forget: () => void;
  #built: Built;
  #building: Promise<void> | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(device: Device, graph: Graph, options: ProgramOptions, built: Built) {
    this.#device = device;
    this.#graph = graph;
    this.#options = options;
    this.#label = options.label;
    this.#built = built;
    this.updated = graph.updates.map(({ variable }) => variable);
    this.#forget = device.onDispose(() => this.dispose());
  }

  /**
   * Optimizes, plans and compiles `graph`; all pipelines compile at once.
   * @throws DeviceError when a shader does not compile, a buffer passes a limit, or the GPU is out of memory; nothing is left behind.
   */
  static async compile(device: Device, graph: Graph, options: ProgramOptions): Promise<Program> {
    return new Program(device, graph, options, await buildProgram(device, graph, options));
  }

  /** The optimized graph as text. */
  get text(): string {
    return printGraph(this.#built.graph);
  }

  get statistics(): ProgramStatistics {
    const { plan, owned } = this.#built;
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
    const device = this.#device;
    if (this.#built.generation === device.generation || this.#disposed) return;
    this.#building ??= buildProgram(device, this.#graph, this.#options)
      .then((built) => {
        this.#built = built;
        if (this.#disposed) this.#free();
      })
      .finally(() => {
        this.#building = undefined;
      });
    return this.#building;
  }

  /**
   * Runs once without waiting: the updates happen on the GPU, in the order of the submits.
   * @param snapshot copies variables to the host's reach once the updates are done
   * @throws DeviceLostError when the device was lost since the program was `ready`.
   */
  submit(feeds: Feeds = new Map(), snapshot?: VariableStaging): void {
    this.#feed(feeds);
    this.#encode(false, snapshot);
  }

  /** Runs once and reads the outputs back. In a loop, a pacer spares the time between submit and end. */
  async run(feeds: Feeds = new Map(), pacer?: Pacer): Promise<NdArray[]> {
    // The staging buffer is one: a second reading run waits until the first has its bytes.
    const previous = this.#reading;
    const result = previous.then(
      () => this.#runAndRead(feeds, pacer),
      () => this.#runAndRead(feeds, pacer),
    );
    this.#reading = result.catch(() => undefined);
    return result;
  }

  async #runAndRead(feeds: Feeds, pacer: Pacer | undefined): Promise<NdArray[]> {
    await this.ready();
    this.#feed(feeds);
    this.#encode(true);
    const { staging, outputs } = this.#built.resources;
    if (staging === undefined) return [];
    await pacer?.nap();
    const bytes = await mapBuffer(this.#device, staging);
    pacer?.finished();
    return this.#built.graph.outputs.map(({ shape, dtype }, index) => {
      const data: HostData = allocate(dtype, sizeOf(shape));
      const { offset } = outputs[index] as { offset: number };
      new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + data.byteLength));
      return { shape, data };
    });
  }

  #feed(feeds: Feeds): void {
    if (this.#disposed) throw new DisposedError(`the program "${this.#label}" was disposed`, { program: this.#label });
    const { generation, plan, resources, slotData } = this.#built;
    this.#device.assertUsable(generation);
    const { queue } = this.#device.gpu;
    for (const [value, location] of plan.inputs) {
      const array = feeds.get(value);
      const { name } = value.operation.attributes as LeafAttributes;
      if (array === undefined) throw new ValueError(`${this.#label}: the input "${name}" was not fed`, { input: name });
      if (!sameShape(array.shape, value.shape)) {
        throw new ShapeError(
          `${this.#label}: the input "${name}" is ${formatShape(array.shape)}; expected ${formatShape(value.shape)}`,
          { input: name, shape: array.shape, expected: value.shape },
        );
      }
      if (location.kind === "slot") {
        array.data.forEach((element, index) => {
          const at = location.slot * SLOT_BYTES + index * BYTES_PER_ELEMENT;
          if (value.dtype === "float32") slotData.setFloat32(at, element, true);
          else slotData.setInt32(at, element, true);
        });
      } else {
        queue.writeBuffer(resources.inputs.get(value) as GPUBuffer, 0, array.data as Float32Array<ArrayBuffer>);
      }
    }
    if (resources.slots !== undefined) queue.writeBuffer(resources.slots, 0, slotData.buffer);
  }

  #encode(reads: boolean, snapshot?: VariableStaging): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: this.#label });
    const { steps, commits, outputs, staging } = this.#built.resources;
    encodeSteps(encoder, steps, this.#label);
    if (reads && staging !== undefined) {
      for (const { buffer, from, offset, bytes } of outputs) {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, from, staging, offset, bytes);
      }
    }
    encodeSteps(encoder, commits, this.#label);
    snapshot?.encode(encoder);
    this.#device.gpu.queue.submit([encoder.finish()]);
    this.#changed();
  }

  /** The host does not know what the updated variables hold any more. */
  #changed(): void {
    variablesOf(this.#device).changed(this.updated);
  }

  /**
   * Runs once with a timestamp around every dispatch, in the order in which they run. Updates are committed as in `submit`.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async profile(feeds: Feeds = new Map()): Promise<DispatchTime[]> {
    const device = this.#device;
    this.#needTimestamps();
    await this.ready();
    const { steps, commits } = this.#built.resources;
    const dispatches = steps.filter((step) => step.kind === "dispatch");
    const timer = await DispatchTimer.make(device, dispatches.length);
    try {
      this.#feed(feeds);
      const encoder = device.gpu.createCommandEncoder({ label: `${this.#label}: profile` });
      for (const step of steps) {
        if (step.kind === "copy") encodeSteps(encoder, [step], this.#label);
        else {
          const pass = encoder.beginComputePass({ label: step.label, timestampWrites: timer.next() });
          encodeDispatch(pass, step);
          pass.end();
        }
      }
      encodeSteps(encoder, commits, this.#label);
      this.#changed();
      const seconds = await timer.submit(encoder);
      return dispatches.map(({ label, operation }, index) => ({
        kernel: label,
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
    await this.ready();
    const { steps, commits } = this.#built.resources;
    const all = Array.from({ length: runs }, () => [...steps, ...commits]).flat();
    if (!all.some((step) => step.kind === "dispatch")) return 0;
    const label = `${this.#label}: ${runs} runs`;
    const timer = await DispatchTimer.make(this.#device, 1);
    try {
      this.#feed(feeds);
      const encoder = this.#device.gpu.createCommandEncoder({ label });
      encodeSteps(encoder, all, label, timer.queries);
      this.#changed();
      const [seconds] = await timer.submit(encoder, sleep);
      return seconds ?? 0;
    } finally {
      timer.dispose();
    }
  }

  #needTimestamps(): void {
    if (this.#device.gpu.features.has("timestamp-query")) return;
    throw new DeviceError(
      `${this.#label}: this adapter has no timestamp queries (feature "timestamp-query"), so dispatches cannot be timed`,
    );
  }

  /** Frees the program's buffers; variables stay. Harmless when repeated. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#forget();
    this.#free();
  }

  #free(): void {
    for (const buffer of this.#built.owned) this.#device.destroyBuffer(buffer);
  }

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
