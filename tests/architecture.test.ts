/** Who may import whom. Reads the import lines of src/ and demo/ and fails on others. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  forbiddenImports,
  importCycles,
  importsOf,
  linesMatching,
  type RoomTable,
  readSource,
  type SourceFile,
} from "./support/imports.ts";

/** Each room and the rooms it may import; its own goes without saying. */
const ROOMS = {
  core: [],
  graph: ["core"],
  kernels: ["core", "shaders"],
  ops: ["core", "graph", "kernels"],
  passes: ["core", "graph", "kernels", "ops"],
  gpu: ["core"],
  runtime: ["core", "graph", "kernels", "ops", "passes", "gpu", "platform"],
  platform: ["core"],
  data: ["core", "platform"],
  io: ["core", "platform"],
  nn: ["core", "graph", "ops", "runtime", "data", "io", "platform"],
  convert: ["core", "nn", "io", "platform"],
  embed: ["core", "nn", "ops", "graph", "kernels", "runtime", "data", "io", "platform"],
  forecast: ["core", "nn", "runtime", "data"],
  predict: ["core", "gpu", "runtime", "data", "io", "nn", "platform"],
  bench: [
    ...[
      "core",
      "graph",
      "kernels",
      "ops",
      "passes",
      "gpu",
      "runtime",
      "platform",
      "data",
      "io",
      "nn",
      "convert",
      "embed",
      "forecast",
    ],
    "index.ts",
  ],
  cli: [
    ...[
      "core",
      "graph",
      "kernels",
      "ops",
      "passes",
      "gpu",
      "runtime",
      "platform",
      "data",
      "io",
      "nn",
      "convert",
      "embed",
      "forecast",
    ],
    ...["bench", "index.ts", "node.ts"],
  ],
  // The top: what the package shows.
  "index.ts": ["core", "graph", "ops", "passes", "gpu", "runtime", "platform", "data", "io", "nn", "convert", "embed"],
  "node.ts": ["core", "platform"],
  // The pages import `sluice`, `sluice/bench`, `sluice/convert`, `sluice/embed`, `sluice/forecast`, `sluice/predict` and `sluice/sentences`, as a user of the package would, and its own files.
  demo: [],
} as const satisfies RoomTable;

const root = fileURLToPath(new URL("..", import.meta.url));
const source = readSource(root, "src");
const demo = existsSync(`${root}/demo`) ? readSource(root, "demo") : [];

describe("the architecture", () => {
  test("rooms import only what the table allows", () => {
    expect(forbiddenImports([...source, ...demo], ROOMS)).toEqual([]);
  });

  test("the demo imports only the package's public entries", () => {
    const others = demo.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, target }) => target === undefined && /^sluice(\/|$)/.test(specifier))
        .filter(({ specifier }) => !/^sluice(\/(bench|convert|embed|forecast|predict|sentences))?$/.test(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(others).toEqual([]);
  });

  test("files do not import each other in a circle", () => {
    expect(importCycles(source)).toEqual([]);
  });

  test("graph and gpu meet only in runtime", () => {
    const meeting = source.filter((file) => {
      const targets = importsOf(file).map(({ target = "" }) => target);
      return (
        targets.some((target) => target.startsWith("src/graph/")) &&
        targets.some((target) => target.startsWith("src/gpu/"))
      );
    });
    const rooms = meeting
      .map(({ path }) => path)
      .filter((path) => !/^src\/(runtime|bench|cli)\//.test(path) && path !== "src/index.ts");
    expect(rooms).toEqual([]);
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

  test("nothing is typed `any`", () => {
    expect(outside([], ANY)).toEqual([]);
  });

  test("the engine has no run-time dependency: only rooms at the edge import packages or node: modules", () => {
    const edges = /^src\/(cli|convert|platform|bench)\/|^src\/node\.ts$/;
    const others = source
      .filter(({ path }) => !edges.test(path))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ target, isType }) => target === undefined && !isType)
          .map(({ specifier }) => `${file.path} imports ${specifier}`),
      )
      // The labelled sentences are data that the build bundles.
      .filter((line) => !/^src\/data\/sentences\.ts imports sentiment\//.test(line));
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
      expect(forbiddenImports([file("src/graph/x.ts", line)], ROOMS), line).toHaveLength(1);
      expect(forbiddenImports([file("src/runtime/x.ts", line)], ROOMS), line).toEqual([]);
    }
    expect(forbiddenImports([file("demo/main.ts", 'import { lstm } from "../src/index.ts";')], ROOMS)).toHaveLength(1);
    expect(forbiddenImports([file("src/attic/x.ts", "")], ROOMS)).toHaveLength(1);
  });

  test("does not take a comment or a string for an import", () => {
    const text = '// import "../gpu/device.ts";\n/*\nimport "../gpu/device.ts";\n*/\nconst a = `\nan import\n`;\n';
    expect(forbiddenImports([file("src/graph/x.ts", text)], ROOMS)).toEqual([]);
  });

  test("sees a circle", () => {
    const files = [
      file("src/core/a.ts", 'import "./b.ts";'),
      file("src/core/b.ts", 'import {\n  type C,\n  c,\n} from "./c.ts";'),
      file("src/core/c.ts", 'export * from "./a.ts";'),
      file("src/core/d.ts", 'import type { E } from "./e.ts";'),
      file("src/core/e.ts", 'import "./d.ts";'),
    ];
    expect(importCycles(files)).toEqual(["src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts"]);
    expect(importCycles(files.slice(0, 2))).toEqual([]);
  });

  test("sees GPU objects being made, and `any`", () => {
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
const GPU_CREATION =
  /\.(createBuffer|createBindGroup|createBindGroupLayout|createPipelineLayout|createShaderModule|createComputePipeline(Async)?|createCommandEncoder|createQuerySet|requestAdapter)\(/;
/** What would let shared, resizable or transferred memory through to `writeBuffer` and `digest`. */
const OWN_BY_ASSERTION =
  /\bas (unknown as )?\w*(Array|DataView)<ArrayBuffer>|\bas BufferSource|\bas GPUAllowSharedBufferSource/;
const ANY = /[:<,|&]\s*any\b(?!\s+\w)|\bas any\b/;

/** Lines that match, in files of the source outside `rooms`. */
function outside(rooms: readonly string[], pattern: RegExp): readonly string[] {
  return source
    .filter(({ path }) => !rooms.some((room) => path.startsWith(`src/${room}/`)))
    .flatMap((file) => linesMatching(file, pattern));
}
