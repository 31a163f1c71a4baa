/**
 * The README and the pages in docs/: their programs run and pass the type checker, and their links lead somewhere.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { programOf, runPage } from "./support/page_programs.ts";

const root = new URL("..", import.meta.url);
const read = (page: string) => readFileSync(new URL(page, root), "utf8");
const pagesIn = (folder: string) =>
  readdirSync(new URL(folder === "" ? "." : folder, root))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}${name}`);

/** tests/guide.test.ts runs the course, which takes longest. */
const PROGRAMS = ["README.md", ...pagesIn("docs/")].filter(
  (page) => page !== "docs/recurrence.md" && programOf(new URL(page, root)) !== "",
);

/** Epochs that a reader waits for, and the test need not. */
const shorter = (program: string) => program.replace(/epochs: [35],/, "epochs: 1,");

test.each(PROGRAMS)("the program of %s runs, and prints what the page says", async (page) => {
  // In the repository, so that `sluice` is found as tests find it; what the program saves goes elsewhere.
  const name = page.replaceAll(/\W/g, "_");
  const file = fileURLToPath(new URL(`.${name}-${process.pid}.ts`, import.meta.url));
  const [before, home] = [process.cwd(), mkdtempSync(join(tmpdir(), "sluice-page-"))];
  symlinkSync(fileURLToPath(new URL("demo", root)), join(home, "demo"), "dir");
  try {
    process.chdir(home);
    await runPage(new URL(page, root), (program) => {
      writeFileSync(file, shorter(program));
      return import(/* @vite-ignore */ pathToFileURL(file).href);
    });
  } finally {
    process.chdir(before);
    rmSync(file, { force: true });
    rmSync(home, { recursive: true });
  }
});

test("the programs of all pages pass the type checker", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-pages-"));
  const here = fileURLToPath(root);
  const entry = (path: string) => [join(here, "src", path)];
  const files = [...PROGRAMS, "docs/recurrence.md"].map((page) => {
    const file = `${page.replaceAll(/\W/g, "_")}.ts`;
    writeFileSync(join(folder, file), `${programOf(new URL(page, root))}\nexport {};\n`);
    return file;
  });
  const compilerOptions = {
    noUnusedLocals: false,
    noUnusedParameters: false,
    types: ["@webgpu/types", "node"],
    typeRoots: [join(here, "node_modules"), join(here, "node_modules/@types")],
    paths: {
      sluice: entry("index.ts"),
      "sluice/convert": entry("convert/index.ts"),
      "sluice/embed": entry("embed/index.ts"),
      "sluice/forecast": entry("forecast/index.ts"),
      "sluice/node": entry("node.ts"),
      "sluice/predict": entry("predict/index.ts"),
      "sluice/tables": entry("data/text_table.ts"),
      "sluice/sentences": entry("data/sentences.ts"),
    },
  };
  const config = {
    extends: join(here, "tsconfig.base.json"),
    compilerOptions,
    files: [...files, join(here, "src/wgsl.d.ts")],
  };
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(here, "node_modules/typescript/bin/tsc");
    const { stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    // Errors in the files of packages are theirs.
    expect(stdout.split("\n").filter((line) => line.includes("_md.ts(") || line.includes("error TS5"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the README has at most 900 words", () => {
  expect(read("README.md").split(/\s+/).length).toBeLessThanOrEqual(900);
});

test("every page of docs/ can be reached from the README by links", () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page)) return;
    reached.add(page);
    for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:)([^)#]+\.md)[^)]*\)/g)) {
      visit(new URL(link, new URL(page, root)).href.slice(root.href.length));
    }
  };
  visit("README.md");
  expect([...pagesIn("docs/"), ...pagesIn("docs/decisions/")].filter((page) => !reached.has(page))).toEqual([]);
});

test.each(["", "docs/", "docs/decisions/"].flatMap(pagesIn))("the links of %s lead somewhere", (page) => {
  for (const [, link = ""] of read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const { pathname, hash } = new URL(link, new URL(page, root));
    const text = () => readFileSync(pathname, "utf8");
    expect(text, link).not.toThrow();
    if (hash !== "") expect(headings(text()), link).toContain(hash);
  }
});

test.each(["ARCHITECTURE.md", ...pagesIn("docs/decisions/")])("the files that %s names exist", (page) => {
  const named = [...read(page).matchAll(/`((?:src|shaders|scripts|tests|demo)\/[\w./-]+)`/g)].map(
    ([, path = ""]) => path,
  );
  // "foo" stands for any name.
  expect(named.filter((path) => !path.includes("foo") && !existsSync(new URL(path, root)))).toEqual([]);
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
