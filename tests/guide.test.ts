/** Runs the guide: its TypeScript blocks, in order, as one program; what follows `// ->` must be what was printed. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

interface Block {
  readonly line: number;
  readonly info: string;
  readonly code: string;
}

const guideUrl = new URL("../docs/recurrence.md", import.meta.url);
const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-guide-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The fenced blocks of a markdown text. */
function blocksOf(markdown: string): Block[] {
  return Array.from(markdown.matchAll(/^```([^\n]*)\n(.*?)^```$/gms), (match) => ({
    line: markdown.slice(0, match.index).split("\n").length,
    info: match[1] ?? "",
    code: match[2] ?? "",
  }));
}

/** One program from the blocks: each `// -> text` becomes a call that compares it with the last line printed. */
function programOf(blocks: readonly Block[]): string {
  return blocks
    .flatMap(({ code, line }) =>
      code.split("\n").map((text, index) => {
        const expected = /^\s*\/\/ -> (.*)$/.exec(text)?.[1];
        return expected === undefined
          ? text
          : `(globalThis as any).sluiceGuideCheck(${line + index + 1}, ${JSON.stringify(expected)});`;
      }),
    )
    .join("\n");
}

test("the guide's blocks run as one program, and print what it says", async () => {
  const blocks = blocksOf(await readFile(guideUrl, "utf8")).filter(({ info }) => info === "ts");
  expect(blocks.length).toBeGreaterThan(10);
  const printed: string[] = [];
  let checks = 0;
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed.push(format(...values));
  });
  vi.stubGlobal("sluiceGuideCheck", (line: number, expected: string) => {
    checks++;
    expect(printed.at(-1), `docs/recurrence.md, line ${line}`).toBe(expected);
  });
  try {
    const path = join(folder, "guide.ts");
    await writeFile(path, programOf(blocks));
    await import(/* @vite-ignore */ path);
  } finally {
    log.mockRestore();
    vi.unstubAllGlobals();
    console.log(printed.join("\n"));
  }
  expect(checks).toBeGreaterThanOrEqual(8);

  const rows = printed.filter((line) => /^(plain|LSTM), /.test(line));
  const [half, ninety, closed, open] = rows.map((line) =>
    line
      .trim()
      .split(/\s{2,}/)
      .slice(1)
      .map(Number),
  );
  // From the nearest word to the one thirty steps back: the plain loops lose the gradient, the open gate keeps it.
  const kept = (row: number[] | undefined): number => (row?.at(-1) ?? 0) / (row?.at(0) ?? 1);
  expect(kept(half)).toBeLessThan(1e-6);
  expect(kept(ninety)).toBeLessThan(0.1);
  expect(kept(closed)).toBeLessThan(1e-2);
  expect(kept(open)).toBeGreaterThan(0.2);
});

test("the guide's program passes the type checker", async () => {
  const program = blocksOf(await readFile(guideUrl, "utf8"))
    .filter(({ info }) => info === "ts")
    .map(({ code }) => code)
    .join("\n");
  await writeFile(join(folder, "types.ts"), program);
  const compilerOptions = {
    types: ["@webgpu/types", "node"],
    typeRoots: [join(root, "node_modules"), join(root, "node_modules/@types")],
    paths: {
      sluice: [join(root, "src/index.ts")],
      "sluice/node": [join(root, "src/node.ts")],
      "sluice/sentences": [join(root, "src/data/sentences.ts")],
    },
  };
  const config = {
    extends: join(root, "tsconfig.base.json"),
    compilerOptions,
    files: ["types.ts", join(root, "src/wgsl.d.ts")],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
    encoding: "utf8",
  });
  const own = stdout.split("\n").filter((line) => line.includes("types.ts"));
  expect(own).toEqual([]);
  expect(stdout).not.toContain("error TS5"); // the configuration itself
});

test("every Keras block is followed by its counterpart", async () => {
  const blocks = blocksOf(await readFile(guideUrl, "utf8"));
  const python = blocks.flatMap(({ info }, index) => (info === "python" ? [index] : []));
  expect(python.length).toBeGreaterThanOrEqual(7);
  for (const index of python) expect(blocks[index + 1]?.info.split(" ")[0]).toBe("ts");
});
