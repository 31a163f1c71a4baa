/** Requests a GPU adapter and device, and determines the adapter's traits. */
import { DeviceError } from "../core/errors.ts";
import type { AdapterTraits } from "../core/kernel_call.ts";
import type { DeviceSettings } from "./device_options.ts";

/** Limits that Sluice raises to the adapter's maximum if possible; WebGPU's defaults suffice for small models. */
const RAISED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBuffersPerShaderStage",
] as const;

const WANTED_FEATURES = ["timestamp-query", "subgroups"] as const satisfies readonly GPUFeatureName[];

/** The options that affect which adapter and device are requested. */
export type AdapterSettings = Pick<DeviceSettings, "powerPreference" | "defaultLimits">;

/** A GPUDevice and information about its adapter. */
export interface OpenedGpu {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo | undefined;
}

/** Wraps a device that the app created. */
export function adoptGpu(gpu: GPUDevice): OpenedGpu {
  return { gpu, info: (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo };
}

/** Requests an adapter and a device. @throws DeviceError when there is no adapter, or it rejects the request. */
export async function openGpu(options: AdapterSettings): Promise<OpenedGpu> {
  const adapter = await requestAdapter(options);
  try {
    return { gpu: await openDevice(adapter, options), info: adapter.info };
  } catch (cause) {
    throw new DeviceError(
      `the adapter "${adapterName(adapter.info)}" rejected the device request: ${String(cause)}`,
      {},
      { cause },
    );
  }
}

/** Requests an adapter. @throws DeviceError that says what the runtime lacks and how to provide it. */
async function requestAdapter({ powerPreference }: AdapterSettings): Promise<GPUAdapter> {
  const isInsecure = "isSecureContext" in globalThis && !globalThis.isSecureContext;
  const gpu = isInsecure || typeof navigator === "undefined" ? undefined : (navigator.gpu as GPU | undefined);
  const adapter = await gpu?.requestAdapter(powerPreference === undefined ? {} : { powerPreference });
  if (adapter) return adapter;
  const { insecure, withoutWebGpu, withoutAdapter } = await import("./missing_gpu.ts");
  throw isInsecure ? insecure() : gpu === undefined ? withoutWebGpu() : withoutAdapter();
}

/**
 * Requests a device with the adapter's limits and the wanted features that it supports; if that fails, with WebGPU's
 * defaults.
 */
async function openDevice(adapter: GPUAdapter, { defaultLimits }: AdapterSettings): Promise<GPUDevice> {
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
