/** A Vite plugin that groups the modules that the engine loads on demand, so that pages load few files. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/** `const { a, b } = await import("./x.ts")`: the only form that the engine uses. */
const ON_DEMAND = /const \{ (?<names>[\w, ]+) \} = await import\("(?<from>\.[^"]+)"\)/g;

/**
 * Combines everything that a folder of `folders` imports on demand into one module, `on_demand`, in that folder. If
 * each feature had a module, bundlers would split the code that features share with each other and with the page into
 * many files: 8 kB more, gzipped, for a page that trains.
 */
export function onDemandModules(folders: readonly string[]): Plugin {
  const idOf = (folder: string) => join(folder, "on_demand.ts");
  return {
    name: "sluice:on-demand-modules",
    enforce: "pre",
    apply: "build",
    resolveId(id) {
      return folders.some((folder) => idOf(folder) === id) ? { id, moduleSideEffects: false } : null;
    },
    load(id) {
      const folder = folders.find((each) => idOf(each) === id);
      return folder === undefined ? null : exportsOf(readFolder(folder));
    },
    transform(code, id) {
      const folder = folders.find((each) => id.startsWith(join(each, "/")));
      if (folder === undefined || !code.includes("await import(")) return null;
      return {
        code: code.replaceAll(ON_DEMAND, `const { $1 } = await import(${JSON.stringify(idOf(folder))})`),
        map: null,
      };
    },
  };
}

/**
 * Generates a module that exports what the files import on demand.
 * @throws Error for an `import()` of another form, which would become a separate file, and for two exports with the
 * same name.
 */
export function exportsOf(files: readonly { readonly path: string; readonly text: string }[]): string {
  const sources = new Map<string, string>();
  for (const { path, text } of files) {
    const imports = [...text.matchAll(ON_DEMAND)];
    const all = [...text.matchAll(/\bawait import\("\./g)];
    if (imports.length !== all.length) {
      throw new Error(`${path}: an import() is not of the form: const { name } = await import("./file.ts")`);
    }
    for (const { groups = {} } of imports) {
      const from = join(dirname(path), groups.from ?? "");
      for (const name of (groups.names ?? "").split(", ")) {
        const known = sources.get(name) ?? from;
        if (known !== from) throw new Error(`${path}: ${name} of ${from} has the name of another in ${known}`);
        sources.set(name, from);
      }
    }
  }
  return [...sources].map(([name, from]) => `export { ${name} } from ${JSON.stringify(from)};`).join("\n");
}

function readFolder(folder: string): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(folder, name), "utf8") }));
}
