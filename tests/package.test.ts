/**
 * The package as a user gets it: what is in it, and whether it works when installed. Needs a built dist/ (`npm test`
 * sees to that).
 */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { runDeno } from "../src/cli/run_deno.ts";
import { installPackage } from "./package/installed.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

/** What the tarball holds besides the entries: package.json, README and licences, also those of bundled packages. */
const TOP_FILES = ["LICENSE", "README.md", "dist/THIRD_PARTY_NOTICES.txt", "dist/require_node.cjs", "package.json"];
/**
 * Every other path that may be in the tarball: a file for each module of src/, the shaders of saved plans, and what the
 * build bundles from elsewhere.
 */
const FOLDERS = [
  /^dist\/([\w-]+\/)*[\w-]+(\.(csv|json|py|wgsl_raw_plans))?\.(d\.ts|js|js\.map)$/,
  /^dist\/(vendor|_virtual)\/[\w.@/-]+\.js(\.map)?$/,
];

/** Compilers of a user. TypeScript's own DOM library has known WebGPU since 6.0. */
const COMPILERS = [
  {
    name: "TypeScript 5.9 with @webgpu/types",
    folder: "scripts/oldest_typescript/node_modules/typescript",
    modules: ["nodenext"],
    options: ["--types", "@webgpu/types"],
  },
  { name: "TypeScript 6", folder: "scripts/docs/node_modules/typescript", modules: ["esnext"], options: [] },
  { name: "TypeScript 7", folder: "node_modules/typescript", modules: ["nodenext", "esnext"], options: [] },
];
/** How each kind of module is found. */
const RESOLUTIONS: Readonly<Record<string, string>> = { nodenext: "nodenext", esnext: "bundler" };

describe("the package", () => {
  let packed: readonly string[];
  let home: string;

  beforeAll(async () => {
    ({ home, packed } = await installPackage());
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("holds what it should and nothing else", () => {
    expect(packed.filter((path) => !FOLDERS.some((folder) => folder.test(path)) && !TOP_FILES.includes(path))).toEqual(
      [],
    );
    expect(packed.filter((path) => /test|fixture|\/demo\/|tsconfig|vite\.config/.test(path))).toEqual([]);
    const expected = [...TOP_FILES, "dist/index.js", "dist/index.d.ts", "dist/node.js", "dist/node.d.ts"];
    expect(packed).toEqual(
      expect.arrayContaining([
        ...expected,
        "dist/sentences.js",
        "dist/data/sentences.d.ts",
        "dist/tables.js",
        "dist/data/text_table.d.ts",
        "dist/embed.js",
        "dist/embed/index.d.ts",
        "dist/forecast.js",
        "dist/forecast/index.d.ts",
        "dist/predict.js",
        "dist/predict/index.d.ts",
        "dist/min/index.js",
        "dist/min/predict.js",
      ]),
    );
    expect(packed).toContain(manifest.bin.sluice);
  });

  test("has no run-time dependency and no install script", () => {
    expect(manifest).not.toHaveProperty("dependencies");
    expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  test("pins what it is developed with", () => {
    const loose = Object.entries(manifest.devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    expect(loose).toEqual([]);
    const lock = readFileSync(join(root, "package-lock.json"), "utf8");
    // Whoever installs uses the registry of their own settings.
    expect([...lock.matchAll(/"resolved": "https?:[^"]+/g)].map(([line]) => line)).toEqual([]);
    expect(readFileSync(join(root, ".npmrc"), "utf8")).toContain("omit-lockfile-registry-resolved=true");
  });

  test("publint finds nothing", async () => {
    const { messages } = await publint({ pkgDir: root, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, manifest, { color: false }))).toEqual([]);
  });

  test("trains nothing on import: the entries load in Node without WebGPU", async () => {
    const program =
      `const s = await import("sluice"); await import("sluice/sentences"); await import("sluice/tables"); await ` +
      `import("sluice/embed"); await import("sluice/predict"); console.log(typeof s.requestDevice, typeof ` +
      "globalThis.navigator?.gpu)";
    const { stdout } = await node(program);
    expect(stdout.trim()).toBe("function undefined");
  });

  test("opens a device in Node with sluice/node", async () => {
    const { stdout } = await node(
      `import "sluice/node"; import { requestDevice } from "sluice";
       const device = await requestDevice(); console.log(device.adapter); process.exit(0)`,
    );
    expect(stdout.trim()).not.toBe("");
  });

  test("importing sluice/node brings WebGPU and changes nothing else; reduced polling can be undone", async () => {
    const { stdout } = await node(
      `const before = globalThis.setImmediate; const { gpu, reduceGpuPolling } = await import("sluice/node");
       const same = [gpu === navigator.gpu, setImmediate === before];
       const undo = reduceGpuPolling(); same.push(setImmediate === before); undo(); same.push(setImmediate === before);
       console.log(same.join(" ")); process.exit(0)`,
    );
    expect(stdout.trim()).toBe("true true false true");
  });

  test("says what to install where the package `webgpu` is missing", async () => {
    // From the repository's dist/ there is always a `webgpu`: a hook hides it.
    const hide = `import { register } from "node:module";
      register("data:text/javascript," + encodeURIComponent(\`export async function resolve(name, context, next) {
        if (name === "webgpu") throw Object.assign(new Error("hidden"), { code: "ERR_MODULE_NOT_FOUND" });
        return next(name, context);
      }\`));
      const tell = (error) => console.log(error.name, error.message);
      await import("sluice/node").then(() => console.log("loaded"), tell);`;
    const { stdout } = await node(hide);
    expect(stdout).toMatch(/^DeviceError .*npm install webgpu/);
  });

  test("opens a device in Deno from dist/", async () => {
    const script = join(home, "user.mjs");
    writeFileSync(
      script,
      `import { requestDevice } from "./node_modules/sluice/dist/index.js";
       const device = await requestDevice(); console.log("adapter " + device.adapter); Deno.exit(0);`,
    );
    const lines: string[] = [];
    const status = await runDeno(script, { cwd: home, onLine: (line) => lines.push(line) });
    expect(status).toBe(0);
    expect(lines.join("\n")).toMatch(/^adapter ./);
  });

  // Checks declarations of libraries too: `skipLibCheck` is off by default.
  test.each(COMPILERS)("its types serve a strict user of $name", async ({ folder, modules, options }) => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
    const imports = entries.map((entry, index) => `import * as entry${index} from "${entry.replace(".", "sluice")}";`);
    writeFileSync(
      join(home, "user.ts"),
      `${imports.join("\n")}
       import { Device, requestDevice, ShapeError } from "sluice";
       const device: Device = await requestDevice();
       const gpu: GPUDevice = device.gpu;
       const error: Error = new ShapeError("a");
       // @ts-expect-error: an adapter's name is a string
       const adapter: number = device.adapter;
       export { adapter, error, gpu, ${entries.map((_, index) => `entry${index}`).join(", ")} };\n`,
    );
    const strict = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2023,dom,esnext.disposable"];
    for (const module of modules) {
      const resolution = RESOLUTIONS[module] ?? module;
      const words = [...strict, "--module", module, "--moduleResolution", resolution, ...options, "user.ts"];
      const { stdout } = await run(process.execPath, [join(root, folder, "bin/tsc"), ...words], { cwd: home }).catch(
        (error: { stdout: string }) => error,
      );
      expect(stdout, resolution).toBe("");
    }
  });

  test("its command says how it is used", async () => {
    const command = join(home, "node_modules/.bin/sluice");
    const { stdout } = await run(command, ["--help"], { cwd: home });
    expect(stdout).toMatch(/train/);
    expect(stdout).toMatch(/predict/);
  });

  /** Runs a module's text in Node, in the user's folder. */
  function node(program: string): Promise<{ stdout: string }> {
    const file = join(home, `program-${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(file, program);
    return run(process.execPath, [file], { cwd: home });
  }
});
