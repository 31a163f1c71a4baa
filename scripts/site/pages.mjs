// Writes the site's pages: the repository's Markdown and its notebook as HTML, the Markdown itself, and llms.txt.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import MarkdownIt from "markdown-it";
import anchor from "markdown-it-anchor";
import { notebookHtml } from "./notebook.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const repository = manifest.repository.url.replace(/^git\+|\.git$/g, "");
const NOTEBOOK = "notebooks/rnn.ipynb";
/** GitHub's templates, which do not become pages. */
const NO_PAGE = /^\.github\//;
/** Entries that the command adds to the navigation. */
const EXTRA = [
  { title: "Notebook", path: "notebooks/rnn.html" },
  { title: "API reference", path: "api/index.html" },
  { title: "Demo", path: "demo/index.html" },
];

/** Writes all pages into a folder, and returns their paths. */
export function writePages(out) {
  const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((path) => path !== "" && !NO_PAGE.test(path) && existsSync(join(root, path)));
  const pages = new Map([...sources, NOTEBOOK].map((path) => [path, htmlPath(path)]));
  const titles = new Map(sources.map((path) => [path, titleOf(read(path))]));
  const groups = navigation(titles);
  for (const [source, target] of pages) {
    const files = new Set();
    const markdown = renderer((href) => addressOf(href, source, pages, files));
    const text = read(source);
    const isNotebook = source === NOTEBOOK;
    const body = isNotebook ? notebookHtml(JSON.parse(text), markdown) : markdown.render(text);
    const title = isNotebook ? "Recurrent networks, in a notebook" : titles.get(source);
    write(out, target, layout({ title, body, target, groups, pages }));
    for (const file of [source, ...files]) copy(out, file);
  }
  copyFileSync(new URL("style.css", import.meta.url), join(out, "style.css"));
  copy(out, "demo/icon.svg");
  write(out, "llms.txt", llmsText(groups));
  return [...pages.values()];
}

function write(out, path, text) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
}

function copy(out, path) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  copyFileSync(join(root, path), join(out, path));
}

/** The HTML path of a Markdown file. `README.md` becomes the index of its folder. */
function htmlPath(path) {
  return path.replace(/README\.md$/, "index.md").replace(/\.(md|ipynb)$/, ".html");
}

function titleOf(text) {
  return (/^# (.*)$/m.exec(text)?.[1] ?? "").replaceAll("`", "");
}

/** The anchor of a heading, as on GitHub. */
function slugOf(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** Renders Markdown to HTML; `addressOf` maps the addresses of links and images. */
function renderer(addressOf) {
  const markdown = new MarkdownIt({ html: true, linkify: false }).use(anchor, { slugify: slugOf, tabIndex: false });
  markdown.core.ruler.push("addresses", ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const name = token.type === "image" ? "src" : "href";
      const address = token.attrGet(name);
      if (address !== null) token.attrSet(name, addressOf(address));
    }
  });
  return markdown;
}

/** Maps a link to the site. Files that are not pages of the site map to the repository. */
function addressOf(href, source, pages, files) {
  if (/^([a-z]+:|#)/i.test(href)) return href;
  const [path, hash] = href.split("#");
  const target = posix.normalize(posix.join(posix.dirname(source), path)).replace(/\/$/, "");
  const suffix = hash === undefined ? "" : `#${hash}`;
  const here = posix.dirname(htmlPath(source));
  if (pages.has(target)) return `${posix.relative(here, pages.get(target))}${suffix}`;
  if (/\.(png|svg|webp)$/.test(target)) {
    files.add(target);
    return posix.relative(here, target);
  }
  const kind = existsSync(join(root, target)) && statSync(join(root, target)).isDirectory() ? "tree" : "blob";
  return `${repository}/${kind}/main/${target}${suffix}`;
}

/** The groups of the README's section "Documentation", and the pages that it does not mention. */
function navigation(titles) {
  const [, section = ""] = /^## Documentation\n(.*?)(?=^## )/ms.exec(read("README.md")) ?? [];
  const groups = section
    .split(/^- /m)
    .slice(1)
    .map((item) => ({
      name: /^[\w ]+/.exec(item)?.[0].trim() ?? "",
      sources: [...item.matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, path]) => path),
    }));
  const named = new Set(groups.flatMap(({ sources }) => sources));
  const others = [...titles.keys()].filter((path) => /^(docs\/[^/]+|[A-Z_]+)\.md$/.test(path) && !named.has(path));
  groups.push({ name: "More", sources: others.filter((path) => path !== "README.md") });
  return groups.map(({ name, sources }) => ({
    name,
    pages: sources.map((source) => ({ source, title: titles.get(source), path: htmlPath(source) })),
  }));
}

function layout({ title, body, target, groups }) {
  const here = posix.dirname(target);
  const link = ({ title: name, path }) =>
    `<a href="${posix.relative(here, path)}"${path === target ? ' aria-current="page"' : ""}>${escapeHtml(name)}</a>`;
  const list = groups.map(
    ({ name, pages }) => `<h2>${name}</h2>\n<ul>${pages.map((page) => `<li>${link(page)}</li>`).join("")}</ul>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title === "Sluice" ? `Sluice: ${manifest.description}` : `${title} · Sluice`)}</title>
<meta name="description" content="${escapeHtml(manifest.description)}">
<link rel="icon" href="${posix.relative(here, "demo/icon.svg")}">
<link rel="stylesheet" href="${posix.relative(here, "style.css")}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>${[{ title: "Sluice", path: "index.html" }, ...EXTRA].map(link).join("\n")}
<a href="${repository}">GitHub</a></header>
<nav aria-label="Documentation">
${list.join("\n")}
</nav>
<main id="content">
${body}
</main>
</body>
</html>
`;
}

/** An index of the documentation for language models: https://llmstxt.org */
function llmsText(groups) {
  const [, about = ""] = /^# Sluice\n+[^\n]+\n+(.*?)\n\n/s.exec(read("README.md")) ?? [];
  const line = ({ source, title }) => `- [${title}](${manifest.homepage}${source}): ${firstSentence(read(source))}`;
  const lists = groups.map(({ name, pages }) => `## ${name}\n\n${pages.map(line).join("\n")}`);
  const extra = EXTRA.map(({ title, path }) => `- [${title}](${manifest.homepage}${path})`).join("\n");
  return `# Sluice\n\n> ${manifest.description}\n\n${about}\n\n${lists.join("\n\n")}\n\n## Optional\n\n${extra}\n`;
}

/** The first sentence of the first paragraph, without Markdown. */
function firstSentence(text) {
  const paragraph = text.split("\n\n").find((block) => /^[\p{L}\p{N}`*]/u.test(block)) ?? "";
  const plain = paragraph.replaceAll("\n", " ").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return /^.*?[.:](?= |$)/.exec(plain)?.[0].replace(/:$/, ".") ?? plain;
}

function escapeHtml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
