/**
 * What a page pays for a part of the package: its script, bundled and minified by Rolldown, as Vite does, each file
 * gzipped.
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Sizes in bytes. */
export interface BundleSize {
  /** Gzipped: what is loaded before the page's first line runs. */
  readonly loaded: number;
  /** Gzipped: what is loaded when the page asks for it. */
  readonly onDemand: number;
  /** Gzipped: what is loaded once all of these files of `dist/`, named without `.js`, are asked for. */
  readonly withFiles: (names: readonly string[]) => number;
  /** Bytes of what is loaded at first, before minification, by the modules of `src/`. */
  readonly modules: Readonly<Record<string, number>>;
}

const PAGE = "page:size";

/** Bundles a module that imports from `dist/` as from `sluice`. */
export async function bundleSize(source: string): Promise<BundleSize> {
  const contents = source.replaceAll(/"sluice(\/\w+)?"/g, entryFile);
  await using bundle = await rolldown({
    input: PAGE,
    external: [/^node:/, "webgpu"],
    preserveEntrySignatures: "strict",
    platform: "browser",
    plugins: [
      { name: "page", resolveId: (id) => (id === PAGE ? id : null), load: (id) => (id === PAGE ? contents : null) },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const chunks = new Map(output.flatMap((file) => (file.type === "chunk" ? [[file.fileName, file] as const] : [])));
  const first = new Set<string>();
  const add = (name: string) => {
    const chunk = chunks.get(name);
    if (chunk === undefined || first.has(name)) return;
    first.add(name);
    for (const next of chunk.imports) add(next);
  };
  for (const { isEntry, fileName } of chunks.values()) if (isEntry) add(fileName);
  const bytesOf = new Map([...chunks].map(([name, { code }]) => [name, gzipSync(code, { level: 9 }).length]));
  const sum = (isFirst: boolean) =>
    [...bytesOf].reduce((total, [name, bytes]) => (first.has(name) === isFirst ? total + bytes : total), 0);
  const modules: Record<string, number> = {};
  for (const [name, { modules: parts }] of chunks) {
    for (const [file, { renderedLength }] of first.has(name) ? Object.entries(parts) : []) {
      const module = /^dist\/(\w+)\//.exec(relative(root, file))?.[1] ?? "the page";
      modules[module] = (modules[module] ?? 0) + renderedLength;
    }
  }
  const [loaded, onDemand] = [sum(true), sum(false)];
  const withFiles = (names: readonly string[]): number => {
    for (const [name, { modules: parts }] of chunks) {
      if (Object.keys(parts).some((file) => names.some((each) => file.endsWith(`/${each}.js`)))) add(name);
    }
    return sum(true) - loaded;
  };
  return { loaded, onDemand, withFiles, modules };
}

function entryFile(quoted: string): string {
  const name = quoted.slice(1, -1).replace(/^sluice\/?/, "") || "index";
  return JSON.stringify(`${root}dist/${name}.js`);
}
