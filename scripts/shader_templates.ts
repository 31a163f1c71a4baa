/** Shaders as the package carries them: parsed. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { parseShader } from "../src/kernels/wgsl/parse.ts";

const RAW = ".wgsl?raw";
const PARSED = fileURLToPath(new URL("../src/kernels/wgsl/parsed.ts", import.meta.url));

/**
 * Vite: `import shader from "x.wgsl?raw"` gives the shader's template in place of its text, and `parsed.ts` gives it back
 * as it is, so that a page parses nothing and carries no parser. All templates are constants of one module, of which
 * bundlers keep those that are used: kernels of one family lie side by side there, and gzip, which looks back 32 kB,
 * saves 7 kB by it. With `isApart` each is a module of its own, so that a page that loads its parts when they are asked
 * for loads a part's shaders with it.
 */
export function shaderTemplates({ isApart = false } = {}): Plugin {
  return {
    name: "sluice:shader-templates",
    enforce: "pre",
    resolveId(id, importer) {
      return importer?.endsWith(RAW) && id === "../index.js" ? join(dirname(importer), id) : null;
    },
    load(id) {
      if (id === PARSED) return "export const parsed = (template) => template;";
      if (id.endsWith(RAW) && isApart) return `export default ${templateOf(id.slice(0, -"?raw".length))};`;
      if (id.endsWith(RAW)) return `export { ${basename(id, RAW)} as default } from "../index.js";`;
      const folder = dirname(id);
      if (basename(folder) !== "shaders" || basename(id) !== "index.js") return null;
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".wgsl"))
        .sort((a, b) => bySimilarity(basename(a), basename(b)))
        .map((name) => `export const ${basename(name, ".wgsl")} = ${templateOf(join(folder, name))};`)
        .join("\n");
    },
  };
}

/** A file's template, as an expression of JavaScript. */
const templateOf = (file: string) => JSON.stringify(parseShader(readFileSync(file, "utf8")));

/** By what a kernel does, then for whom: `gru_step` stands beside `lstm_step`. */
function bySimilarity(a: string, b: string): number {
  const key = (name: string) => name.split("_").reverse().join("_");
  return key(a) < key(b) ? -1 : 1;
}
