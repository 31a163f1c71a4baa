/**
 * The code of the README and of the pages in docs/ that go on from it: all `ts` blocks, in order, run as one module.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test, vi } from "vitest";

const root = new URL("..", import.meta.url);
const read = (page: string) => readFileSync(new URL(page, root), "utf8");

/** In the order in which their code goes on from one to the next; docs/recurrence.md is a program of its own. */
const PAGES = ["README.md", "docs/models.md", "docs/saving.md", "docs/embeddings.md"];

test("the code of the README and its pages runs", async () => {
  const blocks = PAGES.flatMap((page) => [...read(page).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code));
  expect(blocks.length).toBeGreaterThan(PAGES.length);
  // In the repository, so that `sluice` is found as tests find it; what the code saves goes elsewhere.
  const file = fileURLToPath(new URL(`.readme-${process.pid}.ts`, import.meta.url));
  const [before, home] = [process.cwd(), mkdtempSync(join(tmpdir(), "sluice-readme-"))];
  symlinkSync(fileURLToPath(new URL("demo", root)), join(home, "demo"), "dir");
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  writeFileSync(file, `${blocks.join("\n")}\ndevice.dispose();\n`);
  try {
    process.chdir(home);
    await import(/* @vite-ignore */ pathToFileURL(file).href);
    const printed = print.mock.calls.flat();
    expect(printed).toContain("AbortError");
    const [losses] = printed.filter((each): each is number[] => Array.isArray(each) && each.length === 20);
    expect(losses?.at(-1)).toBeLessThan(0.7 * (losses?.[0] as number));
    expect(printed).toContain(true);
    expect(printed).toContain("movie");
    expect(printed).toContainEqual(["c 0.99", "b 0.00"]);
    expect(printed).toContainEqual(["c", "c"]);
    expect(printed).toContainEqual(Float32Array.of(7.5));
  } finally {
    print.mockRestore();
    process.chdir(before);
    rmSync(file);
    rmSync(home, { recursive: true });
  }
});

test.each(
  ["", "docs/", "docs/decisions/"].flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}${name}`),
  ),
)("the links of %s lead somewhere", (page) => {
  for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const { pathname, hash } = new URL(link, new URL(page, root));
    const text = () => readFileSync(pathname, "utf8");
    expect(text, link).not.toThrow();
    if (hash !== "") expect(headings(text()), link).toContain(hash);
  }
});

/** The addresses of a page's headings, as GitHub makes them. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(
    ([, title = ""]) =>
      `#${title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-")}`,
  );
}
