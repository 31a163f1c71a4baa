/** The README's code, run as it stands: all its `ts` blocks, in order, as one module. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the README's code runs", async () => {
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(0);
  // In the repository, so that `sluice` is found as tests find it; what the code saves goes elsewhere.
  const file = fileURLToPath(new URL(`.readme-${process.pid}.ts`, import.meta.url));
  const [before, home] = [process.cwd(), mkdtempSync(join(tmpdir(), "sluice-readme-"))];
  symlinkSync(fileURLToPath(new URL("../demo", import.meta.url)), join(home, "demo"), "dir");
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  writeFileSync(file, `${blocks.join("\n")}\nexport {};\n`);
  try {
    process.chdir(home);
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    const printed = print.mock.calls.flat();
    expect(printed).toContain("AbortError");
    const [losses] = printed.filter((each): each is number[] => Array.isArray(each) && each.length === 20);
    expect(losses?.at(-1)).toBeLessThan(0.7 * (losses?.[0] as number));
    expect(printed).toContain(true);
    expect(printed.at(-1)).toEqual(Float32Array.of(7.5));
  } finally {
    print.mockRestore();
    process.chdir(before);
    rmSync(file);
    rmSync(home, { recursive: true });
  }
});

test("the README's links lead somewhere", () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = ""]) => link);
  for (const link of links) expect(() => readFileSync(new URL(`../${link}`, import.meta.url)), link).not.toThrow();
});
