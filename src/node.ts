/**
 * `import "sluice/node"` provides WebGPU in Node, from the npm package `webgpu` (Dawn), as `navigator.gpu` and the
 * `GPU*` globals. It does nothing if `navigator.gpu` exists already, as in browsers, workers and Deno.
 *
 * `requestDevice` needs a graphics driver. On a Debian machine without a GPU, `apt-get install mesa-vulkan-drivers
 * libvulkan1` installs a software driver. Dawn's threads keep the process alive: end the program with `process.exit()`.
 *
 * While the GPU works, Dawn polls it without a pause. Call `reduceGpuPolling` to leave that core to other work.
 * @module sluice/node
 */
import { DeviceError } from "./core/errors.ts";
import { type NodeTimers, reducePolling } from "./platform/gpu_polling.ts";

/**
 * The exports of `webgpu`. The object that `create` returns must stay referenced as long as its devices are in use.
 */
interface Dawn {
  readonly create: (options: string[]) => GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Node's `GPU`, or `undefined` if the runtime already had one. */
export const gpu: GPU | undefined = globalThis.navigator?.gpu === undefined ? await install() : undefined;

let reductions = 0;
let restore: () => void = () => undefined;

/**
 * Makes Dawn pause for a millisecond between two polls of the GPU, from the second millisecond of a wait on. By default
 * it polls from a chain of `setImmediate` callbacks without a pause, which keeps one core busy. Call this on a software
 * adapter (lavapipe, SwiftShader), or if the CPU has other work to do: on lavapipe with two cores a training step takes
 * a sixth less time and a search half the time. On a hardware GPU, results may arrive up to a millisecond later.
 *
 * It replaces `globalThis.setImmediate`, which passes on the callbacks of all other code unchanged. It does nothing if
 * the runtime has its own WebGPU.
 *
 * @returns a function that undoes this call; when every call is undone, the original `setImmediate` is restored.
 * @example
 * import { reduceGpuPolling } from "sluice/node";
 * const restorePolling = reduceGpuPolling();
 */
export function reduceGpuPolling(): () => void {
  if (gpu === undefined) return () => undefined;
  if (reductions === 0) restore = reducePolling(globalThis as unknown as NodeTimers);
  reductions++;
  let isUndone = false;
  return () => {
    if (isUndone) return;
    isUndone = true;
    reductions--;
    if (reductions === 0) restore();
  };
}

async function install(): Promise<GPU> {
  const { create, globals } = await load();
  const created = create([]);
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  // Node 20 has no `navigator`; later Nodes have one without `gpu`.
  if (globalThis.navigator === undefined) {
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true, writable: true });
  }
  Object.defineProperty(globalThis.navigator, "gpu", { value: created, configurable: true, enumerable: true });
  return created;
}

async function load(): Promise<Dawn> {
  try {
    return (await import("webgpu")) as unknown as Dawn;
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
    throw new DeviceError(
      missing
        ? "sluice/node: the npm package `webgpu` is not installed; run `npm install webgpu`"
        : `sluice/node: the npm package \`webgpu\` could not be loaded: ` +
            `${cause instanceof Error ? cause.message : cause}`,
      { package: "webgpu" },
      { cause },
    );
  }
}
