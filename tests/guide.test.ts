/**
 * Runs the guide: its TypeScript blocks, in order, as one program; the text behind `// ->` is what was printed.
 * tests/pages.test.ts checks its types.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, runPage } from "./support/page_programs.ts";

const guide = new URL("../docs/recurrence.md", import.meta.url);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-guide-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("the guide's blocks run as one program, and print what it says", async () => {
  expect(blocksOf(guide).filter(({ info }) => info === "ts").length).toBeGreaterThan(10);
  const { printed, checks } = await runPage(guide, async (program) => {
    const path = join(folder, "guide.ts");
    await writeFile(path, program);
    await import(/* @vite-ignore */ path);
  });
  console.log(printed.join("\n"));
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

test("every Keras block is followed by its counterpart", () => {
  const blocks = blocksOf(guide);
  const python = blocks.flatMap(({ info }, index) => (info === "python" ? [index] : []));
  expect(python.length).toBeGreaterThanOrEqual(7);
  for (const index of python) expect(blocks[index + 1]?.info.split(" ")[0]).toBe("ts");
});
