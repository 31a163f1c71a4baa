/** Requests a GPU adapter and device, and determines the adapter's traits. */
import { DeviceError, type DeviceLostError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import {
  bytes,
  either,
  flag,
  functionLike,
  ifGiven,
  type OptionsOf,
  oneOf,
  optionsOf,
  resolvedBy,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { TUNE, type TuneOptions } from "../core/tuning.ts";

/** Limits that Sluice raises to the adapter's maximum if possible; WebGPU's defaults suffice for small models. */
const RAISED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBuffersPerShaderStage",
] as const;

const WANTED_FEATURES = ["timestamp-query", "subgroups"] as const satisfies readonly GPUFeatureName[];

/** Options of `requestDevice`. */
export interface DeviceOptions {
  /** A device that the app created. Sluice uses it and never destroys it. */
  readonly device?: GPUDevice;
  readonly powerPreference?: GPUPowerPreference;
  /** Stay within WebGPU's default limits, which every adapter supports. */
  readonly defaultLimits?: boolean;
  /**
   * Choose between a kernel's variants by measurement, once per adapter and shape, and store the choice;
   * `tuningOf(device)` returns the choices. By default the choice is a pure function of adapter and shape, and nothing
   * is measured or stored.
   */
  readonly tune?: boolean | TuneOptions;
  /**
   * The most bytes that the engine's buffers may take in total; a buffer beyond it is an OutOfMemoryError. If absent,
   * the adapter's memory is the limit.
   */
  readonly memoryLimit?: number;
  /**
   * Called at each loss of the device, before Sluice recovers; not called by `dispose`. Sluice reopens a device that it
   * opened itself. For a device that the app created, return a new one here to let Sluice continue.
   */
  readonly onDeviceLost?: (
    error: DeviceLostError,
  ) => GPUDevice | undefined | void | Promise<GPUDevice | undefined> | Promise<void>;
}

const gpuDevice = resolvedBy("a GPUDevice, such as await adapter.requestDevice() gives", (given: GPUDevice) =>
  typeof given?.createBuffer === "function" ? given : undefined,
);

/** The options of `requestDevice`. */
export const DEVICE = {
  powerPreference: ifGiven(oneOf(["low-power", "high-performance"])),
  device: ifGiven(gpuDevice),
  defaultLimits: withDefault(flag, false),
  tune: withDefault(either(flag, optionsOf("requestDevice: tune", TUNE)), false),
  memoryLimit: withDefault(bytes, Number.POSITIVE_INFINITY),
  onDeviceLost: ifGiven(functionLike<DeviceOptions["onDeviceLost"]>("(error) => …")),
} satisfies TableOf<DeviceOptions>;

/** The options of `requestDevice`, read. */
export type DeviceSettings = OptionsOf<typeof DEVICE>;

/** A GPUDevice and information about its adapter. */
export interface OpenedGpu {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
}

/** Wraps a device that the app created. */
export function adoptGpu(gpu: GPUDevice): OpenedGpu {
  return { gpu, info: (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo };
}

/** Requests an adapter and a device. @throws DeviceError when there is no adapter, or it refuses a device. */
export async function openGpu(options: DeviceSettings): Promise<OpenedGpu> {
  const adapter = await requestAdapter(options);
  try {
    return { gpu: await openDevice(adapter, options), info: adapter.info };
  } catch (cause) {
    throw new DeviceError(
      `the adapter "${adapterName(adapter.info)}" refused a device: ${String(cause)}`,
      {},
      { cause },
    );
  }
}

/** Requests an adapter. @throws DeviceError that says what is missing in this runtime and what to do. */
async function requestAdapter({ powerPreference }: DeviceSettings): Promise<GPUAdapter> {
  const isInsecure = "isSecureContext" in globalThis && !globalThis.isSecureContext;
  const gpu = isInsecure || typeof navigator === "undefined" ? undefined : (navigator.gpu as GPU | undefined);
  const adapter = await gpu?.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
  if (adapter) return adapter;
  const { insecure, withoutWebGpu, withoutAdapter } = await import("./missing_gpu.ts");
  throw isInsecure ? insecure() : gpu === undefined ? withoutWebGpu() : withoutAdapter();
}

/**
 * Requests a device with the adapter's limits and the wanted features it has; if that is refused, with WebGPU's
 * defaults.
 */
async function openDevice(adapter: GPUAdapter, { defaultLimits }: DeviceSettings): Promise<GPUDevice> {
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const base: GPUDeviceDescriptor = { label: "sluice", requiredFeatures };
  if (defaultLimits) return adapter.requestDevice(base);
  try {
    return await adapter.requestDevice({ ...base, requiredLimits });
  } catch {
    return adapter.requestDevice(base);
  }
}

/** A readable name, such as "llvmpipe (LLVM 19.1.7, 256 bits)". */
export function adapterName(info: GPUAdapterInfo | undefined): string {
  if (info === undefined) return "unknown adapter";
  const parts = [info.description, info.device, info.architecture, info.vendor].filter((part) => part !== "");
  return parts[0] ?? "unknown adapter";
}

/** The traits of the adapter that kernels may depend on. */
export function adapterTraits(device: GPUDevice, info: GPUAdapterInfo | undefined): AdapterTraits {
  const words = info === undefined ? "" : `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  const kind = /swiftshader/i.test(words) ? "swiftshader" : /llvmpipe|lavapipe/i.test(words) ? "lavapipe" : "gpu";
  const { limits } = device;
  return {
    kind,
    subgroupSize: subgroupSizeOf(device, info),
    limits: {
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    },
    // Measured on two cores: lavapipe's sweeps and matmuls do 3–6 G multiply-adds per second, SwiftShader's 1–2.
    ...{
      lavapipe: { multiplyAddsPerSecond: 3e9, dispatchSeconds: 0.06 },
      swiftshader: { multiplyAddsPerSecond: 0.8e9, dispatchSeconds: 0.15 },
      gpu: { multiplyAddsPerSecond: 20e9, dispatchSeconds: 0.05 },
    }[kind],
    // Firefox does not describe its adapter. It may be a software adapter, so dispatches are kept short.
    ...(words.trim() === "" ? { multiplyAddsPerSecond: 2e9 } : {}),
  };
}

/** The subgroup size, if shaders may use subgroups and all have the same size; otherwise 0. */
function subgroupSizeOf(device: GPUDevice, info: GPUAdapterInfo | undefined): number {
  if (!device.features.has("subgroups") || info === undefined) return 0;
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = info;
  return subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0;
}
