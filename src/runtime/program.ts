/** A graph made ready for one device: planned once, then replayed. */
import { allocate, BYTES_PER_ELEMENT, type HostData } from "../core/dtype.ts";
import { DeviceError, DisposedError, ShapeError, ValueError } from "../core/errors.ts";
import { packParams } from "../core/kernel_call.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../core/shape.ts";
import { type Device, formatBytes } from "../gpu/device.ts";
import { type Graph, input, type LeafAttributes, type Value } from "../graph/operation.ts";
import { printGraph } from "../graph/print.ts";
import { optimize } from "../passes/optimize.ts";
import { DispatchTimer } from "./dispatch_timer.ts";
import { type BoundBuffer, type Location, type Plan, planGraph, SLOT_BYTES, type Step } from "./planner.ts";
import { mapBuffer } from "./staging.ts";
import { variablesOf } from "./variables.ts";

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
}

type Encodable =
  | {
      readonly kind: "dispatch";
      readonly label: string;
      readonly operation: string;
      readonly pipeline: GPUComputePipeline;
      readonly group: GPUBindGroup;
      readonly workgroups: readonly [number, number, number];
    }
  | { readonly kind: "copy"; readonly from: GPUBuffer; readonly to: GPUBuffer; readonly bytes: number };

interface Resources {
  readonly steps: readonly Encodable[];
  readonly commits: readonly Encodable[];
  readonly outputs: readonly { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number }[];
  readonly slots: GPUBuffer | undefined;
  readonly inputs: ReadonlyMap<Value, GPUBuffer>;
  readonly staging: GPUBuffer | undefined;
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

  private constructor(
    device: Device,
    label: string,
    graph: Graph,
    plan: Plan,
    resources: Resources,
    owned: readonly GPUBuffer[],
  ) {
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
  static async compile(device: Device, graph: Graph, { label, inputs }: ProgramOptions): Promise<Program> {
    device.assertUsable();
    const optimized = optimize(graph, { maxStorageBuffers: device.traits.limits.maxStorageBuffersPerShaderStage });
    const plan = planGraph(optimized, inputs, device.traits);
    const pipelines = await Promise.all(
      plan.steps.map((step) => (step.kind === "dispatch" ? compileStep(device, label, step) : undefined)),
    );
    const owned: GPUBuffer[] = [];
    try {
      const resources = await device.guard(label, () => {
        const builder = new Builder(device, label, plan, owned);
        return builder.build(pipelines);
      });
      return new Program(device, label, optimized, plan, resources, owned);
    } catch (error) {
      for (const buffer of owned) device.destroyBuffer(buffer);
      throw error;
    }
  }

  /** Runs once without waiting: the updates happen on the GPU, in the order of the submits. */
  submit(feeds: Feeds = new Map()): void {
    this.#feed(feeds);
    this.#encode(false);
  }

  /** Runs once and reads the outputs back. */
  async run(feeds: Feeds = new Map()): Promise<NdArray[]> {
    // The staging buffer is one: a second reading run waits until the first has its bytes.
    const previous = this.#reading;
    const result = previous.then(
      () => this.#runAndRead(feeds),
      () => this.#runAndRead(feeds),
    );
    this.#reading = result.catch(() => undefined);
    return result;
  }

  async #runAndRead(feeds: Feeds): Promise<NdArray[]> {
    this.#feed(feeds);
    this.#encode(true);
    const { staging, outputs } = this.#resources;
    if (staging === undefined) return [];
    const bytes = await mapBuffer(this.#device, staging);
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
      for (const { buffer, offset, bytes } of outputs) {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, 0, staging, offset, bytes);
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
    if (!device.gpu.features.has("timestamp-query")) {
      throw new DeviceError(
        `${this.#label}: this adapter has no timestamp queries (feature "timestamp-query"), so dispatches cannot be timed`,
      );
    }
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

function compileStep(device: Device, label: string, step: Extract<Step, { kind: "dispatch" }>) {
  const { dispatch, buffers } = step;
  const limit = device.traits.limits.maxStorageBufferBindingSize;
  for (const { bytes } of buffers) {
    if (bytes > limit) {
      throw new DeviceError(
        `${label}: ${dispatch.label} needs a buffer of ${formatBytes(bytes)}; this device binds at most ${formatBytes(limit)} (maxStorageBufferBindingSize). Use a smaller batch, a shorter sequence or fewer units.`,
        { kernel: dispatch.label, bytes, limit },
      );
    }
  }
  const access = dispatch.buffers.map((binding) => binding.access);
  return device.pipelines.get(dispatch.label, dispatch.source, dispatch.entryPoint, access);
}

function encodeSteps(encoder: GPUCommandEncoder, steps: readonly Encodable[], label: string): void {
  let pass: GPUComputePassEncoder | undefined;
  for (const step of steps) {
    if (step.kind === "copy") {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(step.from, 0, step.to, 0, step.bytes);
    } else {
      pass ??= encoder.beginComputePass({ label });
      encodeDispatch(pass, step);
    }
  }
  pass?.end();
}

function encodeDispatch(pass: GPUComputePassEncoder, step: Extract<Encodable, { kind: "dispatch" }>): void {
  pass.setPipeline(step.pipeline);
  pass.setBindGroup(0, step.group);
  pass.dispatchWorkgroups(...step.workgroups);
}

/** Makes a plan's GPU objects. */
class Builder {
  readonly #device: Device;
  readonly #label: string;
  readonly #plan: Plan;
  readonly #owned: GPUBuffer[];
  readonly #temporaries: GPUBuffer[];
  readonly #inputs = new Map<Value, GPUBuffer>();
  readonly #constants = new Map<unknown, GPUBuffer>();
  readonly #slots: GPUBuffer | undefined;

  constructor(device: Device, label: string, plan: Plan, owned: GPUBuffer[]) {
    this.#device = device;
    this.#label = label;
    this.#plan = plan;
    this.#owned = owned;
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#temporaries = plan.temporaries.map((bytes, index) => this.#make(bytes, storage, `temporary ${index}`));
    this.#slots = plan.slots === 0 ? undefined : this.#make(plan.slots * SLOT_BYTES, storage, "step");
    for (const [value, location] of plan.inputs) {
      if (location.kind === "input") {
        const bytes = sizeOf(value.shape) * BYTES_PER_ELEMENT;
        this.#inputs.set(value, this.#make(bytes, storage, (value.operation.attributes as LeafAttributes).name));
      }
    }
  }

  #make(bytes: number, usage: GPUBufferUsageFlags, name: string): GPUBuffer {
    const buffer = this.#device.createBuffer(bytes, usage, `${this.#label}: ${name}`);
    this.#owned.push(buffer);
    return buffer;
  }

  #resolve(location: Location): { buffer: GPUBuffer; offset: number } {
    switch (location.kind) {
      case "variable":
        return { buffer: variablesOf(this.#device).bufferOf(location.variable), offset: 0 };
      case "input":
        return { buffer: this.#inputs.get(location.value) as GPUBuffer, offset: 0 };
      case "slot":
        return { buffer: this.#slots as GPUBuffer, offset: location.slot * SLOT_BYTES };
      case "temporary":
        return { buffer: this.#temporaries[location.buffer] as GPUBuffer, offset: 0 };
      case "constant": {
        let buffer = this.#constants.get(location.leaf);
        if (buffer === undefined) {
          const { data } = location.leaf.data;
          buffer = this.#make(
            data.byteLength,
            GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
            "constant",
          );
          this.#device.gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
          this.#constants.set(location.leaf, buffer);
        }
        return { buffer, offset: 0 };
      }
    }
  }

  build(pipelines: readonly (Awaited<ReturnType<typeof compileStep>> | undefined)[]): Resources {
    const { steps, commits, outputs } = this.#plan;
    const params = this.#params(steps);
    let dispatched = 0;
    const encodable = steps.map((step, index): Encodable => {
      if (step.kind === "copy") return this.#copy(step);
      const pipeline = pipelines[index] as Awaited<ReturnType<typeof compileStep>>;
      const uniform = {
        buffer: params.buffer as GPUBuffer,
        offset: params.offsets[dispatched] as number,
        size: params.sizes[dispatched] as number,
      };
      dispatched++;
      return {
        kind: "dispatch",
        label: step.dispatch.label,
        operation: step.operation.definition.name,
        pipeline: pipeline.gpu,
        workgroups: step.dispatch.workgroups,
        group: this.#device.gpu.createBindGroup({
          label: step.dispatch.label,
          layout: pipeline.layout,
          entries: [{ binding: 0, resource: uniform }, ...step.buffers.map((bound, at) => this.#entry(bound, at + 1))],
        }),
      };
    });
    let offset = 0;
    const read = outputs.map(({ location, bytes }) => {
      const at = offset;
      offset += bytes;
      return { ...this.#resolve(location), offset: at, bytes };
    });
    const staging =
      outputs.length === 0
        ? undefined
        : this.#make(offset, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, "outputs");
    return {
      steps: encodable,
      commits: commits.map((step) => this.#copy(step as Extract<Step, { kind: "copy" }>)),
      outputs: read,
      slots: this.#slots,
      inputs: this.#inputs,
      staging,
    };
  }

  #copy({ from, to, bytes }: Extract<Step, { kind: "copy" }>): Encodable {
    return { kind: "copy", from: this.#resolve(from).buffer, to: this.#resolve(to).buffer, bytes };
  }

  #entry({ location, bytes }: BoundBuffer, binding: number): GPUBindGroupEntry {
    const { buffer, offset } = this.#resolve(location);
    return { binding, resource: { buffer, offset, size: Math.max(4, bytes) } };
  }

  /** All params structs in one uniform buffer, each at an aligned offset. */
  #params(steps: readonly Step[]) {
    const packed = steps.flatMap((step) => (step.kind === "dispatch" ? [packParams(step.dispatch.params)] : []));
    const align = this.#device.gpu.limits.minUniformBufferOffsetAlignment;
    let total = 0;
    const offsets = packed.map((bytes) => {
      const at = total;
      total += Math.ceil(bytes.byteLength / align) * align;
      return at;
    });
    if (total === 0) return { buffer: undefined, offsets, sizes: [] };
    const buffer = this.#make(total, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST, "params");
    const all = new Uint8Array(total);
    for (const [index, bytes] of packed.entries()) all.set(new Uint8Array(bytes), offsets[index] as number);
    this.#device.gpu.queue.writeBuffer(buffer, 0, all);
    return { buffer, offsets, sizes: packed.map((bytes) => bytes.byteLength) };
  }
}

/** A program that is called like a function. */
export interface CallableProgram {
  (...inputs: readonly NdArray[]): Promise<NdArray[]>;
  readonly program: Program;
  dispose(): void;
}

/** Shape and dtype of one input of `program`. */
export interface InputType {
  readonly shape: readonly number[];
  readonly dtype?: "float32" | "int32" | "bool";
}

/**
 * Compiles a function of symbolic values for a device.
 * `fn` returns the outputs, or a graph `{ outputs, updates }` that also changes Variables.
 *
 * @example
 * const product = await program(device, (a, b) => [matmul(a, b)], [{ shape: [2, 3] }, { shape: [3, 4] }]);
 * const [c] = await product(a, b);
 */
export async function program(
  device: Device,
  fn: (...inputs: Value[]) => Graph | readonly Value[],
  inputTypes: readonly InputType[] = [],
): Promise<CallableProgram> {
  const inputs = inputTypes.map(({ shape, dtype }, index) => input(`input ${index}`, shape, dtype));
  const result = fn(...inputs);
  const graph: Graph = "outputs" in result ? result : { outputs: result, updates: [] };
  const compiled = await Program.compile(device, graph, { label: fn.name || "program", inputs });
  const call = async (...arrays: readonly NdArray[]) =>
    compiled.run(new Map(inputs.map((value, index) => [value, arrays[index] as NdArray])));
  return Object.assign(call, { program: compiled, dispose: () => compiled.dispose() });
}
