/**
 * `import "sluice/node"`: brings WebGPU to Node, from the npm package `webgpu` (Dawn), as `navigator.gpu` and the `GPU*`
 * globals. In a browser, a worker or Deno it is not needed, and does nothing where `navigator.gpu` is there already.
 *
 * It needs a graphics driver, which `requestDevice` looks for: on a Debian machine without a GPU,
 * `apt-get install mesa-vulkan-drivers libvulkan1` brings one.
 * Dawn keeps threads of its own: a program that is done leaves with `process.exit()`. It polls the GPU by `setImmediate`, which is
 * wrapped so that those polls rest between them and leave the cores to the work; other callers' calls go through as they are.
 * @module sluice/node
 */
import { DeviceError } from "./core/errors.ts";
import { type NodeTimers, restDawnPolls } from "./platform/dawn_polls.ts";

/** What `webgpu` exports. The object that `create` returns must stay referenced for as long as its devices live. */
interface Dawn {
  readonly create: (options: string[]) => GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Node's `GPU`, or `undefined` where the runtime had one of its own. */
export const gpu: GPU | undefined = globalThis.navigator?.gpu === undefined ? await install() : undefined;

async function install(): Promise<GPU> {
  const { create, globals } = await load();
  restDawnPolls(globalThis as unknown as NodeTimers);
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
        : `sluice/node: the npm package \`webgpu\` could not be loaded: ${cause instanceof Error ? cause.message : cause}`,
      { package: "webgpu" },
      { cause },
    );
  }
}
