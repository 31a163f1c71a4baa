/** The package carries the templates of shaders/, and no parser where no user's shader is read. Needs a built dist/. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { parseShader } from "../../src/kernels/wgsl/parse.ts";
import { SHADER_FILES } from "../kernels/wgsl/shader_files.ts";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const PARSER = ["lexer", "parse", "predeclared", "declarations"];

test("every shader's template is what its file says", async () => {
  const templates: Readonly<Record<string, unknown>> = await import(pathToFileURL(`${dist}shaders/index.js`).href);
  const expected = SHADER_FILES.map(({ name, source }) => [name.replace(/^.*\/|\.wgsl$/g, ""), parseShader(source)]);
  expect({ ...templates }).toEqual(Object.fromEntries(expected));
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
