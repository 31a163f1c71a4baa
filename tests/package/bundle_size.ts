/** What a page pays for a part of the package: its script, bundled and minified by esbuild, each file gzipped. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Sizes in bytes. */
export interface BundleSize {
  /** Gzipped: what is loaded before the page's first line runs. */
  readonly loaded: number;
  /** Gzipped: what is loaded when the page asks for it. */
  readonly onDemand: number;
  /** Minified bytes of what is loaded at first, by the modules of `src/`. */
  readonly modules: Readonly<Record<string, number>>;
}

/** Bundles a module that imports from `dist/` as from `sluice`. */
export async function bundleSize(source: string): Promise<BundleSize> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source.replaceAll(/"sluice(\/\w+)?"/g, entryFile), resolveDir: root, sourcefile: "page.js" },
    ...{ bundle: true, minify: true, splitting: true, format: "esm", target: "es2022" },
    external: ["node:*", "webgpu"],
    outdir: root,
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const gzipped = new Map(
    outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents, { level: 9 }).length]),
  );
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint?.endsWith("page.js"));
  const first = new Set<string>();
  const add = (path: string) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { kind, path: next, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && !external) add(next);
    }
  };
  add(entry as string);
  const modules: Record<string, number> = {};
  for (const path of first) {
    for (const [file, { bytesInOutput }] of Object.entries(metafile.outputs[path]?.inputs ?? {})) {
      const module = /dist\/(\w+)\//.exec(file)?.[1] ?? "the page";
      modules[module] = (modules[module] ?? 0) + bytesInOutput;
    }
  }
  const sum = (isFirst: boolean) =>
    Object.keys(metafile.outputs)
      .filter((path) => first.has(path) === isFirst)
      .reduce((total, path) => total + (gzipped.get(basename(path)) ?? 0), 0);
  return { loaded: sum(true), onDemand: sum(false), modules };
}

function entryFile(quoted: string): string {
  const name = quoted.slice(1, -1).replace(/^sluice\/?/, "") || "index";
  return JSON.stringify(`./dist/${name}.js`);
}
