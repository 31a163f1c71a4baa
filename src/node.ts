/**
 * `import "sluice/node"`: brings WebGPU to Node, from the npm package `webgpu` (Dawn), as `navigator.gpu` and the
 * `GPU*` globals. In a browser, a worker or Deno it is not needed, and does nothing where `navigator.gpu` is there
 * already.
 *
 * It needs a graphics driver, which `requestDevice` looks for: on a Debian machine without a GPU,
 * `apt-get install mesa-vulkan-drivers libvulkan1` brings one.
 * Dawn keeps threads of its own: a program that is done leaves with `process.exit()`.
 *
 * While the GPU works Dawn polls it without a pause; `reduceGpuPolling` makes it pause, which leaves that core to other
 * work.
 * @module sluice/node
 */
import { DeviceError } from "./core/errors.ts";
import { type NodeTimers, reducePolling } from "./platform/gpu_polling.ts";

/** What `webgpu` exports. The object that `create` returns must stay referenced for as long as its devices live. */
interface Dawn {
  readonly create: (options: string[]) => GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Node's `GPU`, or `undefined` where the runtime had one of its own. */
export const gpu: GPU | undefined = globalThis.navigator?.gpu === undefined ? await install() : undefined;

let reductions = 0;
let restore: () => void = () => undefined;

/**
 * Makes Dawn pause for a millisecond between two polls of the GPU, from the second millisecond of a wait on. By default
 * it polls from a chain of `setImmediate` callbacks without a pause, which keeps one core busy. Call this when the CPU
 * runs the GPU's work (lavapipe, SwiftShader) or has other work to do: on lavapipe with two cores a training step takes
 * a sixth less time and a search half the time. On a GPU of its own, results may come up to a millisecond later.
 *
 * It replaces `globalThis.setImmediate`, and passes the callbacks of all other code on unchanged. Where the runtime has
 * a WebGPU of its own it does nothing.
 *
 * @returns a function that undoes this call; after as many undos as calls `setImmediate` is what it was before.
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
