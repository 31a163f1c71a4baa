/** A graph made ready for one device: planned once, then replayed. */
import { allocate, BYTES_PER_ELEMENT, type HostData } from "../core/dtype.ts";
import { DeviceError, DisposedError, ShapeError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import type { Device } from "../gpu/device.ts";
import type { Graph, LeafAttributes, Value } from "../graph/operation.ts";
import { printGraph } from "../graph/print.ts";
import { optimize } from "../passes/optimize.ts";
import { DispatchTimer } from "./dispatch_timer.ts";
import { encodeDispatch, encodeSteps } from "./encode.ts";
import type { Pacer } from "./pacer.ts";
import { type ChooseVariant, kernelCallsOf, type Plan, planGraph, SLOT_BYTES } from "./planner.ts";
import { type BuiltResources, buildResources, type Resources } from "./program_resources.ts";
import { mapBuffer } from "./staging.ts";
import { tuningOf, type Variants } from "./tune.ts";

/** What a Program does in one run, as numbers. */
export interface ProgramStatistics {
  /** Dispatches of a run, without the extra chunks that the watchdog limit forces. */
  readonly dispatches: number;
  readonly extraChunks: number;
  /** Buffers and bytes that the program owns; variables are not among them. */
  readonly buffers: number;
  readonly bytes: number;
}

/** Options of `Program.compile`. */
export interface ProgramOptions {
  readonly label: string;
  /** Every value that runs will feed. */
  readonly inputs: readonly Value[];
  /** Which of its `variants` a kernel call is to run; where this gives undefined, `variants`, the device's tuning or the call itself choose. */
  readonly chooseVariant?: ChooseVariant;
  /** Variants by class of call that go before the device's tuning, such as a saved training's; takes up those that tuning chooses. */
  readonly variants?: Variants | undefined;
}

/** Feeds of one run: an array for every input. */
export type Feeds = ReadonlyMap<Value, NdArray>;

/**
 * A graph planned for a device. From its second run on it creates no buffer, bind group, layout, pipeline, shader module
 * or query set; a run is one submit, and reads nothing back unless asked.
 */
export class Program {
  /** The optimized graph as text. */
  readonly text: string;
  readonly statistics: ProgramStatistics;
  readonly #device: Device;
  readonly #label: string;
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #resources: Resources;
  readonly #owned: readonly GPUBuffer[];
  readonly #slotData: DataView<ArrayBuffer>;
  readonly #forget: () => void;
  #reading: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(device: Device, label: string, graph: Graph, plan: Plan, { resources, owned }: BuiltResources) {
    this.#device = device;
    this.#label = label;
    this.#graph = graph;
    this.#plan = plan;
    this.#resources = resources;
    this.#owned = owned;
    this.#slotData = new DataView(new ArrayBuffer(plan.slots * SLOT_BYTES));
    this.#forget = device.onDispose(() => this.dispose());
    this.text = printGraph(graph);
    const dispatches = plan.steps.filter((step) => step.kind === "dispatch");
    const extraChunks = dispatches.filter(({ dispatch }) => dispatch.isExtraChunk === true).length;
    this.statistics = {
      dispatches: dispatches.length - extraChunks,
      extraChunks,
      buffers: owned.length,
      bytes: owned.reduce((sum, buffer) => sum + buffer.size, 0),
    };
  }

  /**
   * Optimizes, plans and compiles `graph`; all pipelines compile at once.
   * @throws DeviceError when a shader does not compile, a buffer passes a limit, or the GPU is out of memory; nothing is left behind.
   */
  static async compile(device: Device, graph: Graph, options: ProgramOptions): Promise<Program> {
    const { label, inputs, chooseVariant, variants } = options;
    device.assertUsable();
    const optimized = optimize(graph, { maxStorageBuffers: device.traits.limits.maxStorageBuffersPerShaderStage });
    const tuned = await tuningOf(device).chooserFor(() => kernelCallsOf(optimized), variants);
    const plan = planGraph(optimized, inputs, device.traits, (call) => chooseVariant?.(call) ?? tuned?.(call));
    return new Program(device, label, optimized, plan, await buildResources(device, label, plan));
  }

  /** Runs once without waiting: the updates happen on the GPU, in the order of the submits. */
  submit(feeds: Feeds = new Map()): void {
    this.#feed(feeds);
    this.#encode(false);
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
    this.#feed(feeds);
    this.#encode(true);
    const { staging, outputs } = this.#resources;
    if (staging === undefined) return [];
    await pacer?.nap();
    const bytes = await mapBuffer(this.#device, staging);
    pacer?.finished();
    return this.#graph.outputs.map(({ shape, dtype }, index) => {
      const data: HostData = allocate(dtype, sizeOf(shape));
      const { offset } = outputs[index] as { offset: number };
      new Uint8Array(data.buffer).set(bytes.subarray(offset, offset + data.byteLength));
      return { shape, data };
    });
  }

  #feed(feeds: Feeds): void {
    if (this.#disposed) throw new DisposedError(`the program "${this.#label}" was disposed`, { program: this.#label });
    this.#device.assertUsable();
    const { queue } = this.#device.gpu;
    for (const [value, location] of this.#plan.inputs) {
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
          if (value.dtype === "float32") this.#slotData.setFloat32(at, element, true);
          else this.#slotData.setInt32(at, element, true);
        });
      } else {
        queue.writeBuffer(this.#resources.inputs.get(value) as GPUBuffer, 0, array.data as Float32Array<ArrayBuffer>);
      }
    }
    const { slots } = this.#resources;
    if (slots !== undefined) queue.writeBuffer(slots, 0, this.#slotData.buffer);
  }

  #encode(reads: boolean): void {
    const encoder = this.#device.gpu.createCommandEncoder({ label: this.#label });
    const { steps, commits, outputs, staging } = this.#resources;
    encodeSteps(encoder, steps, this.#label);
    if (reads && staging !== undefined) {
      for (const { buffer, from, offset, bytes } of outputs) {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, from, staging, offset, bytes);
      }
    }
    encodeSteps(encoder, commits, this.#label);
    this.#device.gpu.queue.submit([encoder.finish()]);
  }

  /**
   * Runs once with a timestamp around every dispatch, in the order in which they run. Updates are committed as in `submit`.
   * @throws DeviceError when the adapter has no timestamp queries.
   */
  async profile(feeds: Feeds = new Map()): Promise<DispatchTime[]> {
    const device = this.#device;
    this.#needTimestamps();
    this.#feed(feeds);
    const { steps, commits } = this.#resources;
    const dispatches = steps.filter((step) => step.kind === "dispatch");
    const encoder = device.gpu.createCommandEncoder({ label: `${this.#label}: profile` });
    const timer = new DispatchTimer(device, dispatches.length);
    try {
      for (const step of steps) {
        if (step.kind === "copy") encodeSteps(encoder, [step], this.#label);
        else {
          const pass = encoder.beginComputePass({ label: step.label, timestampWrites: timer.next() });
          encodeDispatch(pass, step);
          pass.end();
        }
      }
      encodeSteps(encoder, commits, this.#label);
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
    this.#feed(feeds);
    const { steps, commits } = this.#resources;
    const all = Array.from({ length: runs }, () => [...steps, ...commits]).flat();
    if (!all.some((step) => step.kind === "dispatch")) return 0;
    const label = `${this.#label}: ${runs} runs`;
    const encoder = this.#device.gpu.createCommandEncoder({ label });
    const timer = new DispatchTimer(this.#device, 1);
    try {
      encodeSteps(encoder, all, label, timer.queries);
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
    for (const buffer of this.#owned) this.#device.destroyBuffer(buffer);
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
