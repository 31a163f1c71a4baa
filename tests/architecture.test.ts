/** Which module may import which. Reads the imports of src/ and demo/ and fails on others, and on import cycles. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  forbiddenImports,
  importCycles,
  importsOf,
  linesMatching,
  type ModuleTable,
  moduleOf,
  readSource,
  type SourceFile,
} from "./support/imports.ts";

/**
 * Each module and the modules it may import; its own goes without saying, and `nn` stands for all modules in it. The
 * modules of `nn` are in an order: none imports one that stands after it. ARCHITECTURE.md says the same, row by row.
 */
const MODULES = {
  core: [],
  graph: ["core"],
  kernels: ["core", "shaders"],
  ops: ["core", "graph", "kernels"],
  transform: ["core", "graph", "kernels", "ops"],
  gpu: ["core"],
  platform: ["core"],
  runtime: ["core", "graph", "kernels", "ops", "transform", "gpu", "platform"],
  data: ["core", "platform", "data files"],
  io: ["core", "platform"],
  "nn/weights": ["core", "graph", "ops"],
  "nn/activations": ["core", "graph", "ops"],
  "nn/layers": ["core", "graph", "ops", "runtime", "nn/weights", "nn/activations"],
  "nn/graph": ["core", "graph", "ops", "runtime", "nn/weights", "nn/layers"],
  "nn/losses": ["core", "graph", "ops", "nn/activations"],
  "nn/metrics": ["core", "graph", "ops", "nn/losses"],
  "nn/optimizers": ["core", "graph", "ops"],
  "nn/callbacks": ["core", "platform", "io", "nn/metrics", "nn/optimizers"],
  "nn/report": ["core", "nn/metrics"],
  "nn/data": ["core", "graph", "ops", "runtime", "data", "nn/graph", "nn/losses"],
  "nn/training": [
    ...["core", "graph", "ops", "transform", "runtime"],
    ...["nn/weights", "nn/graph", "nn/losses", "nn/metrics", "nn/optimizers", "nn/callbacks", "nn/report", "nn/data"],
  ],
  "nn/saved_plan": ["core", "graph", "kernels", "runtime", "io", "nn/graph"],
  "nn/saving": [
    ...["core", "graph", "platform", "runtime", "data", "io"],
    ...["nn/layers", "nn/graph", "nn/callbacks", "nn/training", "nn/saved_plan"],
  ],
  "nn/show": ["core", "graph", "nn/layers", "nn/graph"],
  "nn/model": [
    ...["core", "graph", "ops", "transform", "runtime", "data", "io"],
    ...["nn/activations", "nn/layers", "nn/graph", "nn/losses", "nn/metrics", "nn/optimizers", "nn/callbacks"],
    ...["nn/data", "nn/training", "nn/saving", "nn/show"],
  ],
  convert: [
    ...["core", "platform", "io"],
    ...["nn/weights", "nn/activations", "nn/layers", "nn/graph", "nn/show", "nn/model"],
  ],
  embed: [
    ...["core", "graph", "kernels", "ops", "transform", "platform", "runtime", "data", "io"],
    ...["nn/layers", "nn/losses", "nn/optimizers", "nn/training", "nn/model"],
  ],
  forecast: ["core", "runtime", "data", "nn/layers", "nn/optimizers", "nn/model"],
  predict: ["core", "kernels", "gpu", "platform", "runtime", "data", "io", "nn/graph", "nn/data", "nn/saved_plan"],
  // What the package shows.
  "index.ts": ["core", "graph", "ops", "transform", "gpu", "platform", "runtime", "data", "io", "nn"],
  "node.ts": ["core", "platform"],
  bench: [
    ...["core", "graph", "kernels", "ops", "transform", "gpu", "platform", "runtime"],
    ...["nn/layers", "nn/optimizers", "nn/training", "nn/model", "convert", "embed", "index.ts"],
  ],
  cli: ["core", "platform", "data", "io", "embed", "forecast", "index.ts", "node.ts", "bench", "data files"],
  // The pages import `sluice`, `sluice/bench`, `sluice/convert`, `sluice/embed`, `sluice/forecast`, `sluice/predict`,
  // `sluice/sentences` and `sluice/tables`, as a user of the package would, and its own files.
  demo: ["data files"],
} as const satisfies ModuleTable;

const root = fileURLToPath(new URL("..", import.meta.url));
const source = readSource(root, "src");
const demo = existsSync(`${root}/demo`) ? readSource(root, "demo") : [];

describe("the architecture", () => {
  test("modules import only what the table allows", () => {
    expect(forbiddenImports([...source, ...demo], MODULES)).toEqual([]);
  });

  test("ARCHITECTURE.md has the same table", () => {
    const page = readFileSync(`${root}/ARCHITECTURE.md`, "utf8");
    const rows = [...page.matchAll(/^\| `(?:src\/)?([\w/.]+)` \|.*\| ?([^|]*) \|$/gm)];
    const told = rows.map(([, module = "", list = ""]) => [module, list.split(", ").filter((name) => name !== "")]);
    expect(Object.fromEntries(told)).toEqual(MODULES);
  });

  test("the demo imports only the package's public entries", () => {
    const others = demo.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, target }) => target === undefined && /^sluice(\/|$)/.test(specifier))
        .filter(
          ({ specifier }) => !/^sluice(\/(bench|convert|embed|forecast|predict|sentences|tables))?$/.test(specifier),
        )
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(others).toEqual([]);
  });

  test("no module imports one that stands after it in the table", () => {
    const order = Object.keys(MODULES);
    const upwards = Object.entries(MODULES).flatMap(([module, others]) =>
      others.filter((other) => order.indexOf(other) > order.indexOf(module)).map((other) => `${module} -> ${other}`),
    );
    expect(upwards).toEqual([]);
  });

  test("the table allows no import that there is not", () => {
    const used = new Set(
      [...source, ...demo].flatMap((file) =>
        importsOf(file).flatMap(({ target = "" }) => {
          const module = moduleOf(target);
          return [`${moduleOf(file.path)} -> ${module}`, `${moduleOf(file.path)} -> ${module.replace(/\/.*/, "")}`];
        }),
      ),
    );
    const allowed = Object.entries(MODULES).flatMap(([module, others]) =>
      others.map((other) => `${module} -> ${other}`),
    );
    expect(allowed.filter((line) => !used.has(line))).toEqual([]);
  });

  test("src and demo have no import cycle", () => {
    expect(importCycles(source)).toEqual([]);
    expect(importCycles(demo)).toEqual([]);
  });

  test("the page's messages are types, and import no other module of the page", () => {
    const messages = demo.filter(({ path }) => path.startsWith("demo/messages/"));
    expect(messages).not.toEqual([]);
    const others = messages.flatMap((file) =>
      importsOf(file)
        .filter(({ target, isType }) => !isType || (target !== undefined && !target.startsWith("demo/messages/")))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(others).toEqual([]);
  });

  test("graph and gpu meet only in runtime", () => {
    const meeting = source.filter((file) => {
      const targets = importsOf(file).map(({ target = "" }) => target);
      return (
        targets.some((target) => target.startsWith("src/graph/")) &&
        targets.some((target) => target.startsWith("src/gpu/"))
      );
    });
    const modules = meeting
      .map(({ path }) => path)
      .filter((path) => !/^src\/(runtime|bench|cli)\//.test(path) && path !== "src/index.ts");
    expect(modules).toEqual([]);
  });

  test("WebGPU objects are made in gpu and runtime only", () => {
    expect(outside(["gpu", "runtime"], GPU_CREATION)).toEqual([]);
  });

  test("arrays reach the GPU by `Device.upload` alone, and none is called one with memory of its own", () => {
    expect(outside([], OWN_BY_ASSERTION)).toEqual([]);
    const others = source.filter(({ path }) => path !== "src/gpu/device.ts");
    expect(others.flatMap((file) => linesMatching(file, /\.writeBuffer\(|mappedAtCreation/))).toEqual([]);
  });

  test("shaders are imported in kernels only", () => {
    expect(outside(["kernels"], /\.wgsl\b.*["']/)).toEqual([]);
    const careless = source.flatMap((file) =>
      linesMatching(file, /from\s+["'][^"']*\.wgsl(?!\?raw" with \{ type: "text" \})/),
    );
    expect(careless).toEqual([]);
  });

  test("no string holds a Python program: it belongs into a .py file", () => {
    const files = [...source, ...demo, ...readSource(root, "tests")];
    expect(files.flatMap((each) => linesMatching(each, PYTHON))).toEqual([]);
  });

  test("nothing is typed `any`", () => {
    expect(outside([], ANY)).toEqual([]);
  });

  test("the engine has no run-time dependency: only modules at the edge import packages or node: modules", () => {
    // The reader of tables is an entry of its own, which bundles a reader of CSV.
    const edges = /^src\/(cli|convert|platform|bench)\/|^src\/(node|data\/text_table)\.ts$/;
    const others = source
      .filter(({ path }) => !edges.test(path))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ target, isType }) => target === undefined && !isType)
          .map(({ specifier }) => `${file.path} imports ${specifier}`),
      );
    expect(others).toEqual([]);
  });
});

describe("the architecture test itself", () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  test("sees a forbidden import, in each of its forms", () => {
    const lines = [
      'import { a } from "../gpu/device.ts";',
      'import type { A } from "../gpu/device.ts";',
      'import "../gpu/device.ts";',
      'export * from "../gpu/device.ts";',
      'import {\n  a,\n  b,\n} from "../gpu/device.ts";',
      'const a = await import("../gpu/device.ts");',
      'type A = import("../gpu/device.ts").A;',
    ];
    for (const line of lines) {
      expect(forbiddenImports([file("src/graph/x.ts", line)], MODULES), line).toHaveLength(1);
      expect(forbiddenImports([file("src/runtime/x.ts", line)], MODULES), line).toEqual([]);
    }
    expect(forbiddenImports([file("demo/main.ts", 'import { lstm } from "../src/index.ts";')], MODULES)).toHaveLength(
      1,
    );
    expect(forbiddenImports([file("src/attic/x.ts", "")], MODULES)).toHaveLength(1);
  });

  test("does not take a comment or a string for an import", () => {
    const text = '// import "../gpu/device.ts";\n/*\nimport "../gpu/device.ts";\n*/\nconst a = `\nan import\n`;\n';
    expect(forbiddenImports([file("src/graph/x.ts", text)], MODULES)).toEqual([]);
  });

  test("sees an import cycle, whatever kind of import closes it", () => {
    const closing = [
      'import "./a.ts";',
      'export * from "./a.ts";',
      'import type { A } from "./a.ts";',
      'const a = await import("./a.ts");',
      'type A = import("./a.ts").A;',
      'new Worker(new URL("./a.ts", import.meta.url), { type: "module" });',
    ];
    for (const line of closing) {
      const files = [
        file("demo/a.ts", 'import "./b.tsx";\nimport "./d.ts";'),
        file("demo/b.tsx", 'import {\n  type C,\n  c,\n} from "./c.ts";'),
        file("demo/c.ts", line),
        file("demo/d.ts", 'import "./b.tsx";'),
      ];
      expect(importCycles(files), line).toEqual([["demo/a.ts", "demo/b.tsx", "demo/c.ts", "demo/d.ts"]]);
      expect(importCycles(files.slice(1)), line).toEqual([]);
    }
    expect(importCycles([file("src/core/a.ts", 'import "./a.ts";')])).toEqual([["src/core/a.ts"]]);
    const two = [
      ["a", "b"],
      ["b", "a"],
      ["c", "d"],
      ["d", "c"],
      ["e", "a"],
      ["e", "c"],
    ] as const;
    const files = ["a", "b", "c", "d", "e"].map((name) =>
      file(
        `src/core/${name}.ts`,
        two.flatMap(([from, to]) => (from === name ? `import type { X } from "./${to}.ts";` : [])).join("\n"),
      ),
    );
    expect(importCycles(files)).toEqual([
      ["src/core/a.ts", "src/core/b.ts"],
      ["src/core/c.ts", "src/core/d.ts"],
    ]);
  });

  test("tells the modules of nn apart, and takes nn for all of them", () => {
    const line = 'import { Model } from "../model/model.ts";';
    expect(forbiddenImports([file("src/nn/layers/x.ts", line)], MODULES)).toHaveLength(1);
    expect(forbiddenImports([file("src/nn/model/x.ts", line)], MODULES)).toEqual([]);
    expect(forbiddenImports([file("src/index.ts", 'export { Model } from "./nn/model/model.ts";')], MODULES)).toEqual(
      [],
    );
    expect(forbiddenImports([file("src/nn/x.ts", "")], MODULES)).toHaveLength(1);
  });

  test("reads components too", () => {
    expect(demo.map(({ path }) => path)).toContain("demo/app.tsx");
  });

  test("sees Python, GPU objects being made, and `any`", () => {
    for (const line of ["def main(a, b):", "    import numpy as np", "import json, sys", "from os import path"]) {
      expect(linesMatching(file("src/cli/x.ts", `const code = \`\n${line}\n\`;`), PYTHON), line).toHaveLength(1);
    }
    expect(linesMatching(file("src/nn/x.ts", "const b = gpu.createBuffer({ size: 4 });"), GPU_CREATION)).toHaveLength(
      1,
    );
    expect(linesMatching(file("src/nn/x.ts", "navigator.gpu.requestAdapter()"), GPU_CREATION)).toHaveLength(1);
    expect(linesMatching(file("src/nn/x.ts", "function f(x: any) {}"), ANY)).toHaveLength(1);
    expect(linesMatching(file("src/nn/x.ts", "const x = y as any;"), ANY)).toHaveLength(1);
    expect(linesMatching(file("src/nn/x.ts", "const y: Promise<any> = z;"), ANY)).toHaveLength(1);
    expect(linesMatching(file("src/nn/x.ts", 'say("is there any left?"); // any'), ANY)).toEqual([]);
    const cast = "queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);";
    expect(linesMatching(file("src/nn/x.ts", cast), OWN_BY_ASSERTION)).toHaveLength(1);
  });
});

/** Calls that make a GPU object or find an adapter. */
const GPU_CREATION = new RegExp(
  String.raw`\.(${[
    ...["createBuffer", "createBindGroup", "createBindGroupLayout", "createPipelineLayout", "createShaderModule"],
    ...["createComputePipeline(Async)?", "createCommandEncoder", "createQuerySet", "requestAdapter"],
  ].join("|")})\(`,
);
/** What would let shared, resizable or transferred memory through to `writeBuffer` and `digest`. */
const OWN_BY_ASSERTION =
  /\bas (unknown as )?\w*(Array|DataView)<ArrayBuffer>|\bas BufferSource|\bas GPUAllowSharedBufferSource/;
const PYTHON = /^\s*(def \w+\(.*\):|from \w+ import \w|import \w+( as \w+)?(, \w+)*$)/;
const ANY = /[:<,|&]\s*any\b(?!\s+\w)|\bas any\b/;

/** Lines that match, in files of the source outside `modules`. */
function outside(modules: readonly string[], pattern: RegExp): readonly string[] {
  return source
    .filter(({ path }) => !modules.some((module) => path.startsWith(`src/${module}/`)))
    .flatMap((file) => linesMatching(file, pattern));
}
