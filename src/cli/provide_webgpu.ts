/** Provides WebGPU to the commands that compute in this process. */

/**
 * Installs WebGPU in Node, with reduced polling, which leaves the cores to the work of a software adapter. Does nothing
 * in Deno, which has its own WebGPU.
 */
export async function provideWebGpu(): Promise<void> {
  const { reduceGpuPolling } = await import("../node.ts");
  reduceGpuPolling();
}
