/** The package carries the templates of shaders/, and no parser where no user's shader is read. Needs a built dist/. */
import { readdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { RULE_SETS } from "../../src/kernels/plan_rules/index.ts";
import type { RuleSet } from "../../src/kernels/plan_rules/rule.ts";
import { parseShader } from "../../src/kernels/wgsl/parse.ts";
import { Shader } from "../../src/kernels/wgsl/shader.ts";
import type { ShaderTemplate } from "../../src/kernels/wgsl/template.ts";
import { SHADER_FILES } from "../kernels/wgsl/shader_files.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const PARSER = ["lexer", "parse", "predeclared", "declarations"];

test("every shader's template is what its file says", async () => {
  const templates: Readonly<Record<string, unknown>> = await import(pathToFileURL(`${dist}shaders/index.js`).href);
  const expected = SHADER_FILES.map(({ name, source }) => [name.replace(/^.*\/|\.wgsl$/g, ""), parseShader(source)]);
  expect({ ...templates }).toEqual(Object.fromEntries(expected));
});

test("a plan's shaders print as the engine's, without code that plans never use", async () => {
  const built = new Map<string, ShaderTemplate>();
  const folder = new URL("kernels/plan_shaders/", pathToFileURL(dist));
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
    const { templates }: { templates: Record<string, ShaderTemplate> } = await import(new URL(name, folder).href);
    for (const [file, template] of Object.entries(templates)) built.set(file, template);
  }
  const shipped = (file: string) => {
    const template = built.get(file);
    if (template === undefined) throw new Error(`no chunk has ${file}`);
    return template;
  };
  const source = (file: string) => SHADER_FILES.find(({ name }) => name.endsWith(`/${file}.wgsl`))?.source ?? "";
  const shaders = Object.values<RuleSet>(RULE_SETS).flatMap(({ rules }) => Object.entries(rules));
  for (const [name, { entries, features = [] }] of shaders) {
    const shader = (fileOf: (file: string) => ShaderTemplate | string) =>
      Shader.of(Object.fromEntries(name.split("+").map((file) => [file, fileOf(file)]))).features(features);
    for (const entry of Object.keys(entries)) {
      expect(shader(shipped).entry(entry), `${name}: ${entry}`).toEqual(shader(source).entry(entry));
    }
  }
  expect(JSON.stringify([...built.values()])).not.toMatch(/subgroupBroadcast|cell_step_back/);
});

describe("the parser", () => {
  test.each(["index", "predict", "embed", "forecast", "convert", "sentences"])("is no part of %s", async (entry) => {
    expect(await parserIn(entry)).toEqual([]);
  });

  test("is in the bench as far as it reads the shaders of users", async () => {
    expect(await parserIn("bench")).toEqual(["declarations", "lexer"]);
  });
});

/** Files of the parser that a page loads with an entry, or may load later. */
async function parserIn(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [`${dist}${entry}.js`],
    ...{ bundle: true, splitting: true, format: "esm", outdir: dist, write: false, metafile: true },
    external: [
      "node:*",
      "webgpu",
      "h5wasm",
      "@zip.js/zip.js",
      "@tensorflow/*",
      "@jax-js/jax",
      "edgevec",
      "onnxruntime-web*",
    ],
    logLevel: "error",
  });
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const names = files.flatMap((file) => /kernels\/wgsl\/(\w+)\.js$/.exec(file)?.[1] ?? []);
  return [...new Set(names)].filter((name) => PARSER.includes(name)).sort();
}
