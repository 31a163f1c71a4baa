/** Vite plugins that parse shaders at build time. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { parseShader } from "../src/kernels/wgsl/parse.ts";
import type { Declaration, Piece, ShaderTemplate } from "../src/kernels/wgsl/template.ts";

const RAW = ".wgsl?raw";
const FOR_PLANS = "&plans";
const PARSED = fileURLToPath(new URL("../src/kernels/wgsl/parsed.ts", import.meta.url));

/** Options for the placement of templates in modules. */
interface ShaderTemplateOptions {
  readonly isApart?: boolean;
  readonly plans?: string;
}

/**
 * For Vite: `import shader from "x.wgsl?raw"` returns the shader's parsed template instead of its source, and
 * `parsed.ts` becomes the identity, so that a page neither parses shaders nor includes the parser. All templates are
 * constants of one module, of which bundlers keep those that are used. Kernels of one family are adjacent in it: gzip,
 * which looks back 32 kB, saves 2 to 3 kB that way. With `isApart` each template is a separate module, so that a page
 * that loads code on demand loads the shaders with it. The same holds for templates that the folder `plans` imports,
 * without the code that plans never use.
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

/** Parses a file to its template. */
const templateOf = (file: string): ShaderTemplate => parseShader(readFileSync(file, "utf8"));

/** Features that no plan uses, because a plan must run on any adapter. */
const NOT_IN_PLANS: readonly (string | undefined)[] = ["subgroups", "scratch"];

/** Names that only gradients use; plans only predict. */
const OF_GRADIENTS: readonly string[] = ["StepBack", "cell_step_back", "lstm_cell_grad", "slope"];

/** Removes the code that plans never use from a template. */
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

/** Sorts by operation first, then by layer, so that `gru_step` is next to `lstm_step`. */
function bySimilarity(a: string, b: string): number {
  const key = (name: string) => name.split("_").reverse().join("_");
  return key(a) < key(b) ? -1 : 1;
}
