/** Runs a custom shader with its own buffers; it runs and is timed like a Program. */
import { DeviceError, ValueError } from "../../core/errors.ts";
import type { Device } from "../../gpu/device.ts";
import { entryPoints, shaderBindings } from "../../kernels/wgsl/declarations.ts";
import { DispatchTimer } from "../measure/dispatch_timer.ts";
import { type Encodable, encodeCommands } from "./encode.ts";
import { mapBuffer, untilGone } from "./staging.ts";

/** A shader and its buffers. */
export interface ShaderOptions {
  readonly label: string;
  readonly source: string;
  /** The compute entry point. Default: the shader's only one. */
  readonly entryPoint?: string;
  /** The initial contents of each buffer, in the order of the binding numbers. */
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  readonly workgroups: readonly [number, number, number];
}

/** A compiled shader and its buffers. Call `dispose` to free them. */
export class ShaderProgram {
  readonly #device: Device;
  readonly #label: string;
  readonly #command: Encodable;
  readonly #buffers: readonly GPUBuffer[];
  readonly #generation: number;

  private constructor(device: Device, label: string, command: Encodable, buffers: readonly GPUBuffer[]) {
    this.#device = device;
    this.#generation = device.generation;
    this.#label = label;
    this.#command = command;
    this.#buffers = buffers;
  }

  /**
   * Compiles the shader and creates its buffers. On failure everything is freed.
   * @throws ValueError when the number of buffers differs from the shader's, or the entry point is ambiguous or
   * missing.
   * @throws DeviceError with line, column and source when the shader does not compile; when the device rejects the
   * buffers.
   */
  static async compile(device: Device, options: ShaderOptions): Promise<ShaderProgram> {
    const { label, source, buffers: contents, workgroups } = options;
    const bindings = shaderBindings(source);
    if (bindings.length !== contents.length) {
      const names = bindings.map(({ name }) => name).join(", ") || "none";
      throw new ValueError(
        `${label}: got ${contents.length} buffer sizes; the shader binds ${bindings.length} buffers (${names}), in ` +
          "the order of @binding",
        { bindings },
      );
    }
    const entryPoint = chooseEntryPoint(label, source, options.entryPoint);
    const pipeline = await device.pipelines.getBound(label, source, entryPoint, bindings);
    const buffers: GPUBuffer[] = [];
    const command = await device.guard(label, () => {
      const entries = bindings.map(({ binding, name, type }, index): GPUBindGroupEntry => {
        const kind = type === "uniform" ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE;
        const content = contents[index] ?? new Uint8Array();
        const usage = kind | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
        const buffer = device.createBuffer(content.byteLength, usage, `${label}: ${name}`);
        buffers.push(buffer);
        device.upload(buffer, content, `${label}: ${name}`);
        return { binding, resource: { buffer } };
      });
      const group = device.gpu.createBindGroup({ label, layout: pipeline.layout, entries });
      return { kind: "dispatch" as const, label, operation: label, pipeline: pipeline.gpu, workgroups, group };
    });
    return new ShaderProgram(device, label, command, buffers);
  }

  /** Runs once without waiting. @throws DeviceLostError when the device was lost since compilation. */
  submit(): void {
    this.#device.assertUsable(this.#generation);
    this.#device.submit(this.#label, (encoder) => encodeCommands(encoder, [this.#command], this.#label));
  }

  /** Runs once. @throws DeviceError when the GPU reports an error. */
  async run(): Promise<void> {
    await this.#device.guard(this.#label, () => this.submit());
    await untilGone(this.#device, this.#device.gpu.queue.onSubmittedWorkDone());
    this.#device.assertUsable();
  }

  /** As `Program.time`. @throws DeviceError when the adapter has no timestamp queries. */
  async time(runs: number, sleep?: () => Promise<void>): Promise<number> {
    if (!this.#device.gpu.features.has("timestamp-query")) {
      throw new DeviceError(`${this.#label}: this adapter has no timestamp queries, so dispatches cannot be timed`);
    }
    const timer = await DispatchTimer.make(this.#device, 1);
    try {
      this.#device.assertUsable(this.#generation);
      const commands = Array.from({ length: runs }, () => this.#command);
      const record = (encoder: GPUCommandEncoder) => encodeCommands(encoder, commands, this.#label, timer.queries);
      const [seconds] = await timer.submit(record, sleep);
      return seconds ?? 0;
    } finally {
      timer.dispose();
    }
  }

  /** Reads the buffer with index `index` in binding order. */
  async read(index: number): Promise<Uint8Array> {
    const buffer = this.#buffers[index];
    if (buffer === undefined) {
      throw new ValueError(`${this.#label}: there is no buffer ${index}; it has ${this.#buffers.length}`, { index });
    }
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#device.assertUsable(this.#generation);
    const staging = await this.#device.guard(this.#label, () => {
      const made = this.#device.createBuffer(buffer.size, usage, `${this.#label}: read back`);
      this.#device.submit(this.#label, (encoder) => encoder.copyBufferToBuffer(buffer, 0, made, 0, buffer.size));
      return made;
    });
    try {
      return await mapBuffer(this.#device, staging);
    } finally {
      this.#device.destroyBuffer(staging);
    }
  }

  /** Frees the buffers. */
  dispose(): void {
    for (const buffer of this.#buffers) this.#device.destroyBuffer(buffer);
  }
}

function chooseEntryPoint(label: string, source: string, asked: string | undefined): string {
  const names = entryPoints(source);
  const [first] = names;
  if (first === undefined) throw new ValueError(`${label}: the shader has no @compute entry point`);
  if (asked === undefined && names.length === 1) return first;
  if (asked !== undefined && names.includes(asked)) return asked;
  throw new ValueError(
    `${label}: ${asked === undefined ? "no entry point was named" : `there is no entry point ${asked}`}; the shader ` +
      `has ${names.join(", ")}`,
    { names },
  );
}
