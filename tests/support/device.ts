/** The device that tests of one file share. */
import type { TuneOptions } from "../../src/core/tuning.ts";
import type { Device } from "../../src/gpu/device.ts";
import { requestDevice } from "../../src/gpu/request_device.ts";

// Deno and browsers, where kernels are tested too, have WebGPU of their own.
if ("process" in globalThis && !("Deno" in globalThis)) {
  const { reduceGpuPolling } = await import("../../src/node.ts");
  reduceGpuPolling();
}

let shared: Promise<Device> | undefined;

/**
 * Opens the GPU once for the whole test file. A machine without one fails: these tests are promised an adapter. A GPU
 * error that nothing catches fails the file, as an unhandled rejection.
 */
export function testDevice(): Promise<Device> {
  shared ??= openWatched();
  return shared;
}

async function openWatched(): Promise<Device> {
  const device = await requestDevice();
  device.gpu.addEventListener("uncapturederror", ({ error }) => {
    void Promise.reject(new Error(`nothing caught an error of the GPU: ${error.message}`));
  });
  return device;
}

/** A device over the tests' shared GPU that chooses variants as told; what it compiled and chose is its own. */
export async function tunedDevice(tune: TuneOptions | boolean): Promise<Device> {
  const { gpu } = await testDevice();
  return requestDevice({ device: gpu, tune });
}
