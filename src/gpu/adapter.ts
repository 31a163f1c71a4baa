/** Finding a GPU, and what is worth knowing of it. */
import { DeviceError, type DeviceLostError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import type { OptionNames } from "../core/options.ts";
import type { TuneOptions } from "../core/tuning.ts";

/**
 * Limits that Sluice raises to the adapter's own where the device allows it; the WebGPU defaults suffice for small
 * models.
 */
const RAISED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBuffersPerShaderStage",
] as const;

const WANTED_FEATURES = ["timestamp-query", "subgroups"] as const satisfies readonly GPUFeatureName[];

/** Options of `requestDevice`. */
export interface DeviceOptions {
  /** A device that the app made itself. Sluice uses it, and never destroys it. */
  readonly device?: GPUDevice;
  readonly powerPreference?: GPUPowerPreference;
  /** Stay within WebGPU's default limits, as the smallest conforming adapter would. */
  readonly defaultLimits?: boolean;
  /**
   * Choose between a kernel's variants by measurement, once per adapter and shape, and remember; `tuningOf(device)`
   * tells what was chosen. By default the choice is a pure function of adapter and shape, and nothing is measured or
   * kept.
   */
  readonly tune?: boolean | TuneOptions;
  /**
   * Bytes that the engine's buffers never pass together; what would pass them is an OutOfMemoryError. As much as the
   * adapter gives when absent.
   */
  readonly memoryLimit?: number;
  /**
   * Told of each loss of the device, before anything is done about it; not of the end that `dispose` brings. What
   * Sluice opened it opens again by itself. A device that the app made it can only go on without where this gives a new
   * one.
   */
  readonly onDeviceLost?: (
    error: DeviceLostError,
  ) => GPUDevice | undefined | void | Promise<GPUDevice | undefined> | Promise<void>;
}

/** The names of `requestDevice`'s options. */
export const DEVICE_OPTIONS: OptionNames<DeviceOptions> = {
  device: true,
  powerPreference: true,
  defaultLimits: true,
  tune: true,
  memoryLimit: true,
  onDeviceLost: true,
};

/** A GPUDevice and what is known of its adapter. */
export interface OpenedGpu {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
}

/** A device that somebody else made. */
export function adoptGpu(gpu: GPUDevice): OpenedGpu {
  return { gpu, info: (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo };
}

/** Asks for an adapter and opens a device on it. @throws DeviceError when there is none, or it refuses. */
export async function openGpu(options: DeviceOptions): Promise<OpenedGpu> {
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

/** Asks the platform for an adapter. @throws DeviceError that says what this runtime lacks and what to do. */
async function requestAdapter(options: DeviceOptions): Promise<GPUAdapter> {
  const gpu = typeof navigator === "undefined" ? undefined : (navigator.gpu as GPU | undefined);
  if (gpu === undefined) throw new DeviceError(`WebGPU is missing: ${whereToFindWebGpu()}`);
  const adapter = await gpu.requestAdapter(
    options.powerPreference === undefined ? {} : { powerPreference: options.powerPreference },
  );
  if (adapter === null) {
    throw new DeviceError(
      "WebGPU is here, but it offered no adapter: expected a graphics driver with Vulkan, Metal or Direct3D 12. " +
        "On Linux without a GPU install a software driver (Debian: apt-get install mesa-vulkan-drivers libvulkan1); " +
        "in a browser see its chrome://gpu or about:support page for why it was refused.",
    );
  }
  return adapter;
}

function whereToFindWebGpu(): string {
  if ("process" in globalThis && !("Deno" in globalThis)) {
    return 'expected navigator.gpu. In Node, write `import "sluice/node"` first (it needs the npm package "webgpu").';
  }
  if ("isSecureContext" in globalThis && globalThis.isSecureContext === false) {
    return (
      "expected navigator.gpu, which browsers give only to secure pages: serve this one by https or from " +
      "localhost."
    );
  }
  return (
    "expected navigator.gpu. Use a browser that has it: Chrome or Edge 113+, Safari 26+, Firefox 141+ (Windows) " +
    "or 145+ (macOS)."
  );
}

/**
 * Opens a device with every raised limit and wanted feature that the adapter has; with the defaults when that is
 * refused.
 */
async function openDevice(adapter: GPUAdapter, options: DeviceOptions): Promise<GPUDevice> {
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const base: GPUDeviceDescriptor = { label: "sluice", requiredFeatures };
  if (options.defaultLimits === true) return adapter.requestDevice(base);
  try {
    return await adapter.requestDevice({ ...base, requiredLimits });
  } catch {
    return adapter.requestDevice(base);
  }
}

/** A name for people: "llvmpipe (LLVM 19.1.7, 256 bits)". */
export function adapterName(info: GPUAdapterInfo | undefined): string {
  if (info === undefined) return "unknown adapter";
  const parts = [info.description, info.device, info.architecture, info.vendor].filter((part) => part !== "");
  return parts[0] ?? "unknown adapter";
}

/** What kernels may know of the adapter. */
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
    // Seen on two cores: lavapipe's sweeps and matmuls do 3–6 G multiply-adds per second, SwiftShader's 1–2.
    ...{
      lavapipe: { multiplyAddsPerSecond: 3e9, dispatchSeconds: 0.06 },
      swiftshader: { multiplyAddsPerSecond: 0.8e9, dispatchSeconds: 0.15 },
      gpu: { multiplyAddsPerSecond: 20e9, dispatchSeconds: 0.05 },
    }[kind],
    // Firefox tells nothing of its adapter: it may be a software one, so dispatches are kept short.
    ...(words.trim() === "" ? { multiplyAddsPerSecond: 2e9 } : {}),
  };
}

/** The size of all subgroups, where shaders may use them and it is one and the same for all. */
function subgroupSizeOf(device: GPUDevice, info: GPUAdapterInfo | undefined): number {
  if (!device.features.has("subgroups") || info === undefined) return 0;
  const { subgroupMinSize = 0, subgroupMaxSize = 0 } = info;
  return subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0;
}
