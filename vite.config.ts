import { fileURLToPath } from "node:url";
import { esmExternalRequirePlugin } from "vite";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { onDemandModules } from "./scripts/on_demand_modules.ts";
import { shaderTemplates } from "./scripts/shader_templates.ts";
import { thirdPartyNotices } from "./scripts/third_party_notices.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The public names, resolved to the source: demo and tests import what a user of the package would. */
const alias = [
  { find: /^sluice$/, replacement: here("src/index.ts") },
  { find: /^sluice\/bench$/, replacement: here("src/bench/index.ts") },
  { find: /^sluice\/convert$/, replacement: here("src/convert/index.ts") },
  { find: /^sluice\/embed$/, replacement: here("src/embed/index.ts") },
  { find: /^sluice\/forecast$/, replacement: here("src/forecast/index.ts") },
  { find: /^sluice\/node$/, replacement: here("src/node.ts") },
  { find: /^sluice\/predict$/, replacement: here("src/predict/index.ts") },
  { find: /^sluice\/sentences$/, replacement: here("src/data/sentences.ts") },
  { find: /^sluice\/tables$/, replacement: here("src/data/text_table.ts") },
];

/** The engine's folders each of which loads what few pages use as one module. */
const loadedOnDemand = () => onDemandModules([here("src/nn"), here("src/runtime")]);

/** Tests that look at the clock, or at what a page does in it. */
const ALONE = [
  "tests/bench/*.test.ts",
  "tests/demo/*.test.ts",
  "tests/cli/bench.test.ts",
  "tests/nn/tuned_training.test.ts",
  "tests/platform/page_load.test.ts",
  "tests/runtime/tune.test.ts",
];

/** Whole runtimes first, so that none is left over at the end for one worker. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => moduleId.includes("/tests/platform/");
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** `vite build` makes the package, `--mode demo` (dev server or build) the page. */
export default defineConfig(({ mode }) => {
  const notices = thirdPartyNotices(here("."));
  if (mode === "demo") {
    return {
      root: "demo",
      base: "./",
      resolve: { alias },
      server: { fs: { allow: [here(".")] } },
      // TensorFlow.js asks for it.
      define: { "process.env.NODE_ENV": '"production"' },
      plugins: [shaderTemplates({ isApart: true }), loadedOnDemand(), notices.write()],
      worker: {
        format: "es",
        plugins: () => [shaderTemplates({ isApart: true }), loadedOnDemand(), notices.collect()],
        // What most of the worker's parts share is the engine: one file, where a dozen would take 5 kB more.
        rolldownOptions: { output: { codeSplitting: { groups: [{ name: "engine", minShareCount: 5 }] } } },
      },
      build: {
        outDir: here("dist-demo"),
        // Browsers with WebGPU preload modules by themselves.
        modulePreload: { polyfill: false },
        emptyOutDir: true,
        target: "es2023",
        sourcemap: true,
        rolldownOptions: {
          input: [here("demo/index.html"), here("demo/bench.html")],
          // The charts' library comes with the rooms that draw, apart from their own code.
          output: { codeSplitting: { groups: [{ name: "uPlot", test: /node_modules\/uplot\/.*\.js$/ }] } },
        },
      },
    };
  }
  return {
    publicDir: false,
    // The progress bar's package is CommonJS: its `require("events")` becomes an import that Node and Deno know.
    plugins:
      mode === "production"
        ? [
            esmExternalRequirePlugin({ external: ["events", "readline"] }),
            shaderTemplates({ plans: here("src/kernels/plan_shaders/") }),
            loadedOnDemand(),
            notices.write(),
          ]
        : [],
    // The engine has no dependency to resolve; what the command line bundles is for Node.
    resolve: {
      alias,
      ...(mode === "production" && { conditions: ["node", "module", "import"], mainFields: ["module", "main"] }),
    },
    build: {
      target: "es2023",
      sourcemap: true,
      minify: false,
      lib: {
        formats: ["es"],
        entry: {
          index: here("src/index.ts"),
          convert: here("src/convert/index.ts"),
          bench: here("src/bench/index.ts"),
          embed: here("src/embed/index.ts"),
          forecast: here("src/forecast/index.ts"),
          node: here("src/node.ts"),
          predict: here("src/predict/index.ts"),
          sentences: here("src/data/sentences.ts"),
          tables: here("src/data/text_table.ts"),
          "cli/main": here("src/cli/main.ts"),
          // What a browser loads for `sluice train --runtime chromium`.
          "cli/training_page": here("src/cli/training_page.ts"),
          "cli/bench_page": here("src/cli/bench_page.ts"),
        },
      },
      rolldownOptions: {
        external: [
          ...[/^node:/, "webgpu", "puppeteer", "vite", "h5wasm", "@zip.js/zip.js"],
          // Libraries that the bench compares with.
          ...[/^@tensorflow\//, "@jax-js/jax", "edgevec", /^onnxruntime-web/],
        ],
        // A constant put in its place would leave a bare import of its module behind, of which bundlers warn.
        optimization: { inlineConst: false },
        output: {
          // A file for each module: a bundler leaves out those that a page does not reach (`sideEffects: false`).
          preserveModules: true,
          preserveModulesRoot: here("src"),
          // npm would leave a folder node_modules out of the package.
          entryFileNames: ({ name }) => `${name.replaceAll("node_modules", "vendor").replace(/_raw$/, "")}.js`,
          paths: { events: "node:events", readline: "node:readline" },
        },
      },
    },
    test: {
      pool: "forks",
      testTimeout: 120_000,
      hookTimeout: 180_000,
      teardownTimeout: 20_000,
      sequence: { sequencer: LongestFirst },
      projects: [
        {
          extends: true,
          test: {
            name: "together",
            include: ["tests/**/*.test.ts"],
            exclude: ALONE,
            // Kernels run on every core, but are compiled on one, which takes half of the time where the driver's cache
            // is empty. A third file at a time made that no shorter on two cores.
            maxWorkers: 2,
            sequence: { groupOrder: 0 },
          },
        },
        {
          extends: true,
          test: {
            name: "alone",
            include: ALONE,
            globalSetup: ["tests/demo/shared_build.ts"],
            maxWorkers: 1,
            sequence: { groupOrder: 1 },
          },
        },
      ],
    },
  };
});
