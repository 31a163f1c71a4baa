/** Bundles the libraries that the bench compares with, for browsers, which cannot import packages by name. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DeviceError } from "../core/errors.ts";
import type { Mounts } from "./static_server.ts";

/** The packages that the bench imports, and the names of their bundles. */
const PACKAGES = {
  "@tensorflow/tfjs-core": "tfjs-core",
  "@tensorflow/tfjs-layers": "tfjs-layers",
  "@tensorflow/tfjs-backend-webgpu": "tfjs-backend-webgpu",
  "@jax-js/jax": "jax",
  edgevec: "edgevec",
  "onnxruntime-web/webgpu": "onnxruntime",
} as const;

const PREFIX = "peer:";
/** The path that they are served at. */
const FOLDER = "/peers/";

/** Exports everything of a package, including its default export, which `export *` omits. */
const reexport = (name: string) =>
  `export * from "${name}"; import * as all from "${name}"; export default all["default"];`;

/** The bundles to serve, and the address of each package for the import map. */
export interface PeerBundle {
  readonly mounts: Mounts;
  readonly imports: Readonly<Record<string, string>>;
  /** Removes the bundles. */
  readonly dispose: () => Promise<void>;
}

/**
 * Bundles the peers with Vite, into a folder that `dispose` removes.
 * @param main the URL of the built command line
 * @throws DeviceError when Vite is not installed, or a package is missing.
 */
export async function bundlePeers(main: string): Promise<PeerBundle> {
  const root = fileURLToPath(new URL("../..", main));
  const folder = await mkdtemp(join(tmpdir(), "sluice-peers-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const { build } = await import("vite");
    await build({
      root,
      configFile: false,
      logLevel: "error",
      publicDir: false,
      base: FOLDER,
      plugins: [
        {
          // Vite needs a file as the entry.
          name: "sluice-peers",
          resolveId: (id: string) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
          load: (id: string) => (id.startsWith(`\0${PREFIX}`) ? reexport(id.slice(PREFIX.length + 1)) : undefined),
        },
      ],
      define: { "process.env.NODE_ENV": '"production"' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: "es2023",
        minify: false,
        modulePreload: false,
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(PACKAGES).map(([name, file]) => [file, `${PREFIX}${name}`])),
          preserveEntrySignatures: "strict",
          output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
        },
      },
    });
  } catch (cause) {
    await dispose();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `--peers in a browser bundles other libraries with Vite, which failed: ${reason}. Run it where Sluice's ` +
        "development dependencies are installed (npm ci in its repository).",
      {},
      { cause },
    );
  }
  return {
    mounts: { [FOLDER]: folder, "/ort/": join(root, "node_modules/onnxruntime-web/dist") },
    imports: Object.fromEntries(Object.entries(PACKAGES).map(([name, file]) => [name, `${FOLDER}${file}.js`])),
    dispose,
  };
}
