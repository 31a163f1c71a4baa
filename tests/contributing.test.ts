/** The code of CONTRIBUTING.md: its files compile beside the source, and its shaders print. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Shader } from "../src/kernels/wgsl/shader.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
const blocksOf = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(([, code = ""]) => code);

/** The blocks that are whole files: their first line is the path. */
const files = blocksOf("ts").flatMap((code) => {
  const path = /^\/\/ (src\/\S+)\n/.exec(code)?.[1];
  return path === undefined ? [] : [{ path, code }];
});

test("the files compile beside the source", () => {
  expect(files.map(({ path }) => path)).toHaveLength(6);
  const folder = mkdtempSync(join(tmpdir(), "sluice-contributing-"));
  try {
    for (const { path, code } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), code);
    }
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        // Relative imports look into both trees, as if the files stood in the source.
        rootDirs: [root, folder],
        types: ["@webgpu/types"],
        typeRoots: [join(root, "node_modules"), join(root, "node_modules/@types")],
      },
      files: [...files.map(({ path }) => path), join(root, "src/wgsl.d.ts")],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
      encoding: "utf8",
    });
    // The op's expression and the optimizer's rule stand in files of the source, which the page adds to.
    const isOfTable = (line: string) => line.includes("'signumUpdate'") || line.includes('"atan"');
    const others = stdout.split("\n").filter((line) => line.includes("error") && !isOfTable(line));
    expect(others).toEqual([]);
    expect(stdout).toContain("has no exported member 'signumUpdate'");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the shaders print what the page says of them", () => {
  const [kernel = "", rule = ""] = blocksOf("wgsl");
  const names = (entry: {
    readonly params: readonly { name: string }[];
    readonly buffers: readonly { name: string }[];
  }) => [entry.params, entry.buffers].map((list) => list.map(({ name }) => name));
  expect(names(Shader.of({ kernel }).entry("cumulative_sum"))).toEqual([
    ["rows", "size"],
    ["x", "out"],
  ]);
  const frame = readFileSync(join(root, "shaders/optimizers/update.wgsl"), "utf8");
  const { source, ...entry } = Shader.of({ frame, rule }).entry("update");
  expect(names(entry)).toEqual([
    ["size", "one_minus_beta"],
    ["w", "gradient", "rates", "status", "m"],
  ]);
  expect(source).toContain("sign(mean)");
});
