/** Shaders as the package carries them: parsed. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { parseShader } from "../src/kernels/wgsl/parse.ts";
import type { Declaration, Piece, ShaderTemplate } from "../src/kernels/wgsl/template.ts";

const RAW = ".wgsl?raw";
const FOR_PLANS = "&plans";
const PARSED = fileURLToPath(new URL("../src/kernels/wgsl/parsed.ts", import.meta.url));

/** Where templates are modules of their own. */
interface ShaderTemplateOptions {
  readonly isApart?: boolean;
  readonly plans?: string;
}

/**
 * Vite: `import shader from "x.wgsl?raw"` gives the shader's template in place of its text, and `parsed.ts` gives it
 * back as it is, so that a page parses nothing and carries no parser. All templates are constants of one module, of
 * which bundlers keep those that are used: kernels of one family lie side by side there, and gzip, which looks back
 * 32 kB, saves 2 to 3 kB by it. With `isApart` each is a module of its own, so that a page that loads its parts when
 * they are asked for loads a part's shaders with it. So are those that the folder `plans` imports, without the code
 * that plans never use.
 */
export function shaderTemplates({ isApart = false, plans = "" }: ShaderTemplateOptions = {}): Plugin {
  return {
    name: "sluice:shader-templates",
    enforce: "pre",
    resolveId(id, importer = "") {
      if (importer.endsWith(RAW) && id === "../index.js") return join(dirname(importer), id);
      return plans !== "" && importer.startsWith(plans) && id.endsWith(RAW)
        ? `${join(dirname(importer), id)}${FOR_PLANS}`
        : null;
    },
    load(id) {
      if (id === PARSED) return "export const parsed = (template) => template;";
      if (id.endsWith(RAW + FOR_PLANS))
        return exported(forPlans(templateOf(id.slice(0, -"?raw".length - FOR_PLANS.length))));
      if (id.endsWith(RAW) && isApart) return exported(templateOf(id.slice(0, -"?raw".length)));
      if (id.endsWith(RAW)) return `export { ${basename(id, RAW)} as default } from "../index.js";`;
      const folder = dirname(id);
      if (basename(folder) !== "shaders" || basename(id) !== "index.js") return null;
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".wgsl"))
        .sort((a, b) => bySimilarity(basename(a), basename(b)))
        .map((name) => `export const ${basename(name, ".wgsl")} = ${JSON.stringify(templateOf(join(folder, name)))};`)
        .join("\n");
    },
  };
}

const exported = (template: ShaderTemplate) => `export default ${JSON.stringify(template)};`;

/** A file's template. */
const templateOf = (file: string): ShaderTemplate => parseShader(readFileSync(file, "utf8"));

/** Features that no plan has, which suits any adapter. */
const NOT_IN_PLANS: readonly (string | undefined)[] = ["subgroups", "scratch"];

/** What only gradients need: a plan predicts. */
const OF_GRADIENTS: readonly string[] = ["StepBack", "cell_step_back", "lstm_cell_grad", "slope"];

/** A template without the code that plans never use. */
function forPlans({ declarations, ...template }: ShaderTemplate): ShaderTemplate {
  const isKept = ({ when }: { readonly when?: string }) => !NOT_IN_PLANS.includes(when);
  const pieces = (code: readonly Piece[]): Piece[] =>
    code.flatMap((piece): Piece[] => {
      if (typeof piece === "string" || !("code" in piece)) return [piece];
      if (!("when" in piece)) return [{ ...piece, code: pieces(piece.code) }];
      return isKept(piece) ? [{ ...piece, code: pieces(piece.code) }] : [];
    });
  const used = declarations.filter((each) => isKept(each) && !OF_GRADIENTS.includes(each.name));
  const kept = used.map((declaration): Declaration => {
    if (!("code" in declaration)) return declaration;
    const code = pieces(declaration.code);
    if (declaration.kind !== "entry" || declaration.parameters === undefined) return { ...declaration, code };
    return { ...declaration, code, parameters: declaration.parameters.filter(isKept) };
  });
  return { ...template, declarations: kept };
}

/** By what a kernel does, then for whom: `gru_step` stands beside `lstm_step`. */
function bySimilarity(a: string, b: string): number {
  const key = (name: string) => name.split("_").reverse().join("_");
  return key(a) < key(b) ? -1 : 1;
}
