/**
 * Runs a kernel call by itself: its plan's dispatches go straight to the device, with canary words around every
 * buffer's range and garbage in everything that the call must write.
 */
import { BYTES_PER_ELEMENT, type HostData } from "../../src/core/dtype.ts";
import {
  type AdapterTraits,
  type BoundTensor,
  type Dispatch,
  type KernelCall,
  type KernelPlan,
  type Operand,
  type Param,
  packParams,
  type Scratch,
  type Tensor,
} from "../../src/core/kernel_call.ts";
import { type Shape, sizeOf } from "../../src/core/shape.ts";
import type { Device } from "../../src/gpu/device.ts";
import type { Pipeline } from "../../src/gpu/pipeline.ts";
import { tensorList } from "../../src/graph/operation.ts";

/** Bytes of canary before and after each range: the default offset alignment of storage buffers. */
const CANARY_BYTES = 256;
const CANARY_WORD = 0xcafef00d;
/** What outputs and scratch hold before the call: a NaN as float32, a large negative number as int32. */
const GARBAGE_WORD = 0xffc0ffee;

/** An operand of a call under test. */
export function operand(
  _role: "input" | "output" | "temporary",
  _index: number,
  shape: Shape,
  dtype: Operand["dtype"] = "float32",
): Operand {
  return { shape, dtype };
}

/** Lanes of lavapipe's subgroups, which Node's software adapter has. */
const LAVAPIPE_LANES = 8;

/**
 * Traits for planning: WebGPU's default limits, and an adapter fast enough that only a test that asks for chunks gets
 * them.
 */
export function testTraits(
  kind: AdapterTraits["kind"] = "lavapipe",
  changes: Partial<AdapterTraits> = {},
): AdapterTraits {
  return {
    kind,
    subgroupSize: kind === "lavapipe" ? LAVAPIPE_LANES : 0,
    limits: {
      maxStorageBuffersPerShaderStage: 8,
      maxStorageBufferBindingSize: 128 * 1024 * 1024,
      maxComputeWorkgroupStorageSize: 16 * 1024,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      maxComputeWorkgroupsPerDimension: 65535,
    },
    multiplyAddsPerSecond: 2e9,
    dispatchSeconds: 0.1,
    ...changes,
  };
}

/** The scratch buffers of a plan's dispatches, in the order in which they are bound first. */
export function scratchOf(dispatches: readonly Dispatch[]): Scratch[] {
  const tensors = dispatches.flatMap(({ buffers }) => buffers.map(({ tensor }) => tensor));
  return [...new Set(tensors)].filter((tensor) => "bytes" in tensor);
}

/** How to run a call. */
export interface RunKernelOptions {
  readonly adapter?: AdapterTraits;
  readonly variant?: string;
}

/** A buffer of the call: canary, range, canary. */
interface GuardedBuffer {
  readonly label: string;
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

/**
 * Executes `call` on `device` and returns what it wrote, one array per write.
 *
 * @param inputs one array per read of the call, in order; a read of an in-place pair is put into its write's buffer.
 * @throws Error on a validation error, a binding that the plan may not make, or a canary that changed.
 */
export async function runKernel(
  device: Device,
  call: KernelCall,
  inputs: readonly HostData[],
  { adapter = testTraits(), variant }: RunKernelOptions = {},
): Promise<HostData[]> {
  const operands = tensorList(call.reads);
  checkInputs(call, operands, inputs);
  const { gpu } = device;
  const { dispatches } = planFor(device, call, adapter, variant);
  const pipelines = await Promise.all(
    dispatches.map(({ label, source, entryPoint, buffers }) =>
      device.pipelines.get(
        label,
        source,
        entryPoint,
        buffers.map(({ access }) => access),
      ),
    ),
  );
  const inPlace = call.inPlace ?? [];
  const writes = tensorList(call.writes);
  const buffers = new Map<Tensor, GuardedBuffer>();
  operands.forEach((read, index) => {
    if (inPlace.some((pair) => pair.read === read)) return;
    buffers.set(read, guarded(gpu, `read ${index}`, bytesOf(read), inputs[index]));
  });
  writes.forEach((write, index) => {
    const pair = inPlace.find((candidate) => candidate.write === write);
    const data = pair && inputs[operands.indexOf(pair.read)];
    buffers.set(write, guarded(gpu, `write ${index}`, bytesOf(write), data));
  });
  const scratch = scratchOf(dispatches);
  scratch.forEach((tensor, index) => {
    buffers.set(tensor, guarded(gpu, `scratch ${index}`, tensor.bytes));
  });
  const bufferOf = ({ tensor, access }: BoundTensor): GuardedBuffer => {
    const buffer = buffers.get(tensor);
    if (!buffer)
      throw new Error(`${call.kernel}: a dispatch binds a tensor that is not the call's, or an in-place read`);
    if (!("bytes" in tensor) && !writes.includes(tensor) && access !== "read")
      throw new Error(`${call.kernel}: a dispatch binds ${buffer.label} as ${access}`);
    return buffer;
  };

  const uniforms: GPUBuffer[] = [];
  const bound = dispatches.map((dispatch) => {
    checkDispatch(call, dispatch, adapter);
    const uniform = uniformOf(gpu, dispatch.params);
    uniforms.push(uniform);
    return [
      { binding: 0, resource: { buffer: uniform } },
      ...dispatch.buffers.map(bufferOf).map(({ buffer, bytes }, index) => ({
        binding: index + 1,
        resource: { buffer, offset: CANARY_BYTES, size: bytes },
      })),
    ] satisfies GPUBindGroupEntry[];
  });

  gpu.pushErrorScope("validation");
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const [step, { label, workgroups }] of dispatches.entries()) {
    const { gpu: pipeline, layout } = pipelines[step] as Pipeline;
    const entries = bound[step] as GPUBindGroupEntry[];
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, gpu.createBindGroup({ label, layout, entries }));
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  const error = await gpu.popErrorScope();
  if (error) throw new Error(`${call.kernel}: ${error.message}`);

  for (const tensor of scratch) {
    const buffer = buffers.get(tensor) as GuardedBuffer;
    checkCanaries(call, buffer, await readWords(gpu, buffer));
  }
  const results: HostData[] = [];
  for (const operand of writes) {
    const buffer = buffers.get(operand) as GuardedBuffer;
    const words = await readWords(gpu, buffer);
    checkCanaries(call, buffer, words);
    const { shape, dtype } = operand;
    const View = dtype === "float32" ? Float32Array : Int32Array;
    results.push(new View(words.buffer, CANARY_BYTES, sizeOf(shape)));
  }
  for (const { buffer } of buffers.values()) buffer.destroy();
  for (const uniform of uniforms) uniform.destroy();
  return results;
}

/**
 * Plans for an adapter as far as the device goes along: lanes are the device's own, and without any the call chooses
 * for itself. Lavapipe without subgroups gets its own plans only: with few rows Mesa's compiler ends the process, see
 * cells.ts.
 */
function planFor(device: Device, call: KernelCall, adapter: AdapterTraits, variant: string | undefined): KernelPlan {
  const { kind, subgroupSize } = device.traits;
  if (kind === "lavapipe" && subgroupSize > 0) return call.plan(adapter, variant);
  const lanes = Math.min(adapter.subgroupSize, 1) * subgroupSize;
  const own = { ...adapter, subgroupSize: lanes, kind: kind === "lavapipe" ? kind : adapter.kind };
  return call.plan(own, lanes === 0 && variant === "subgroup" ? undefined : variant);
}

function bytesOf({ shape }: Operand): number {
  return Math.max(1, sizeOf(shape)) * BYTES_PER_ELEMENT;
}

function checkInputs(call: KernelCall, reads: readonly Operand[], inputs: readonly HostData[]): void {
  if (inputs.length !== reads.length) {
    throw new Error(`${call.kernel}: the call reads ${reads.length} tensors, but ${inputs.length} were given`);
  }
  reads.forEach(({ shape, dtype }, index) => {
    const data = inputs[index] as HostData;
    if (data.length !== sizeOf(shape)) {
      throw new Error(`${call.kernel}: read ${index} is [${shape}], but has ${data.length} elements`);
    }
    if (data instanceof Float32Array !== (dtype === "float32")) {
      throw new Error(`${call.kernel}: read ${index} is ${dtype}, but a ${data.constructor.name} was given`);
    }
  });
}

function checkDispatch(call: KernelCall, { label, workgroups, buffers }: Dispatch, { limits }: AdapterTraits): void {
  if (!label) throw new Error(`${call.kernel}: a dispatch has no label`);
  if (
    workgroups.some((count) => !Number.isInteger(count) || count < 1 || count > limits.maxComputeWorkgroupsPerDimension)
  ) {
    throw new Error(
      `${label}: ${workgroups} workgroups; expected whole numbers up to ${limits.maxComputeWorkgroupsPerDimension}`,
    );
  }
  if (buffers.length > limits.maxStorageBuffersPerShaderStage) {
    throw new Error(
      `${label}: ${buffers.length} storage buffers; expected at most ${limits.maxStorageBuffersPerShaderStage}`,
    );
  }
}

/** Makes a buffer of canary, range (filled from `data`, else with garbage), canary. */
function guarded(device: GPUDevice, label: string, bytes: number, data?: HostData): GuardedBuffer {
  const words = new Uint32Array((bytes + 2 * CANARY_BYTES) / 4).fill(CANARY_WORD);
  const first = CANARY_BYTES / 4;
  words.fill(GARBAGE_WORD, first, first + bytes / 4);
  if (data) words.set(new Uint32Array(data.buffer, data.byteOffset, data.length), first);
  const buffer = device.createBuffer({
    label,
    size: words.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, words);
  return { label, buffer, bytes };
}

function uniformOf(device: GPUDevice, params: readonly Param[]): GPUBuffer {
  const data = packParams(params);
  const buffer = device.createBuffer({
    size: data.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

async function readWords(device: GPUDevice, { buffer }: GuardedBuffer): Promise<Uint32Array<ArrayBuffer>> {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const words = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return words;
}

function checkCanaries(call: KernelCall, { label, bytes }: GuardedBuffer, words: Uint32Array): void {
  const first = CANARY_BYTES / 4;
  for (let index = 0; index < words.length; index++) {
    const isInside = index >= first && index < first + bytes / 4;
    if (!isInside && words[index] !== CANARY_WORD) {
      throw new Error(
        `${call.kernel}: ${label}: a word outside the buffer changed, at element ${index - first} of ${bytes / 4}`,
      );
    }
  }
}
