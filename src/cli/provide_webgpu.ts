/** WebGPU for the commands that compute in this process. */

/**
 * Brings WebGPU to Node, where it also leaves the cores to the GPU's work while a command waits. Deno has a WebGPU of
 * its own.
 */
export async function provideWebGpu(): Promise<void> {
  const { reduceGpuPolling } = await import("../node.ts");
  reduceGpuPolling();
}
