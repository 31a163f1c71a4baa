/** The site's pages: their links lead somewhere, and llms.txt names them. `npm run site` adds reference and demo. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { brokenLinks } from "../scripts/site/links.mjs";
import { writePages } from "../scripts/site/pages.mjs";

let folder: string;
let pages: readonly string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-site-"));
  pages = writePages(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (path: string) => readFileSync(join(folder, path), "utf8");
const isAdded = (path: string) => path === "api/index.html" || path === "demo/index.html";

test("every page is there, with its title and the navigation", () => {
  for (const page of ["index.html", "docs/getting-started.html", "docs/decisions/index.html", "notebooks/rnn.html"]) {
    expect(pages).toContain(page);
  }
  for (const page of pages) {
    expect(read(page), page).toMatch(/<title>[^<]+<\/title>/);
    expect(read(page), page).toMatch(/<nav aria-label="Documentation">[\s\S]*Getting started<\/a>/);
  }
  expect(read("notebooks/rnn.html").match(/<svg /g)).toHaveLength(7);
});

test("every link and picture leads somewhere", () => {
  expect(brokenLinks(folder, isAdded)).toEqual([]);
});

test("the check of links finds a missing file, and a missing place in a file", () => {
  writeFileSync(
    join(folder, "bad.html"),
    '<a href="none.html">a</a><img src="none.png"><a href="index.html#none">b</a>',
  );
  expect(brokenLinks(folder, isAdded)).toEqual(
    ["none.html", "none.png", "index.html#none"].map((it) => `bad.html: ${it}`),
  );
  rmSync(join(folder, "bad.html"));
});

test("llms.txt has the form of llmstxt.org, and names each page of docs/ by its Markdown", () => {
  const text = read("llms.txt");
  expect(text).toMatch(/^# Sluice\n\n> [^\n]+\n\n\S[\s\S]*?\n\n## /);
  const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\)(?:: \S.*)?$/gm)].map(([, link = ""]) => link);
  expect(links).toHaveLength([...text.matchAll(/^- /gm)].length);
  const paths = links.map((link) => link.replace(manifest.homepage, ""));
  expect(paths.filter((path) => !isAdded(path) && !existsSync(join(folder, path)))).toEqual([]);
  const docs = pages.filter((page) => /^docs\/[^/]+\.html$/.test(page)).map((page) => page.replace(/html$/, "md"));
  expect(paths).toEqual(expect.arrayContaining(docs));
});
