/** Minifies shaders for the package: removes comments and indents. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Plugin } from "vite";
import { codeOf } from "../src/kernels/wgsl/specialise.ts";

const RAW = ".wgsl?raw";

/**
 * Vite: `import shader from "x.wgsl?raw"` gives the minified shader. All are constants of one module, of which bundlers
 * keep those that are used: kernels of one family lie side by side there, and gzip, which looks back 32 kB, saves 7 kB
 * by it. With `isApart` each is a module of its own, so that a page that loads its parts when they are asked for loads
 * a part's shaders with it.
 */
export function minifiedShaders({ isApart = false } = {}): Plugin {
  return {
    name: "sluice:minified-shaders",
    enforce: "pre",
    resolveId(id, importer) {
      return importer?.endsWith(RAW) && id === "../index.js" ? join(dirname(importer), id) : null;
    },
    load(id) {
      if (id.endsWith(RAW) && isApart) {
        const shader = codeOf(readFileSync(id.slice(0, -"?raw".length), "utf8"));
        return `export default ${JSON.stringify(shader)};`;
      }
      if (id.endsWith(RAW)) return `export { ${basename(id, RAW)} as default } from "../index.js";`;
      const folder = dirname(id);
      if (basename(folder) !== "shaders" || basename(id) !== "index.js") return null;
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".wgsl"))
        .sort((a, b) => bySimilarity(basename(a), basename(b)))
        .map((name) => {
          const text = JSON.stringify(codeOf(readFileSync(join(folder, name), "utf8")));
          return `export const ${basename(name, ".wgsl")} = ${text};`;
        })
        .join("\n");
    },
  };
}

/** By what a kernel does, then for whom: `gru_step` stands beside `lstm_step`. */
function bySimilarity(a: string, b: string): number {
  const key = (name: string) => name.split("_").reverse().join("_");
  return key(a) < key(b) ? -1 : 1;
}
