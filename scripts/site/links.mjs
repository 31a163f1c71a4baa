// Finds broken links of a site.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** TypeDoc's pages: their scripts create some of the anchors. */
const REFERENCE = /^api\//;

/**
 * Finds links and images in a folder's HTML files whose target file or anchor does not exist; returns "page: link" for
 * each.
 * @param isElsewhere returns true for a path in the folder that another tool writes
 */
export function brokenLinks(folder, isElsewhere = () => false) {
  const pages = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
  const texts = new Map();
  const textOf = (file) => {
    if (!texts.has(file)) texts.set(file, readFileSync(file, "utf8"));
    return texts.get(file);
  };
  return pages.flatMap((page) =>
    [...textOf(join(folder, page)).matchAll(/\s(?:href|src)="([^"]*)"/g)]
      .map(([, link]) => link.replaceAll("&amp;", "&"))
      .filter((link) => !/^[a-z]+:/i.test(link) && !leads(link, join(folder, page)))
      .map((link) => `${page}: ${link}`),
  );

  function pathIn(file) {
    return relative(folder, file).split(sep).join("/");
  }

  function leads(link, from) {
    const [path, hash = ""] = link.split("#");
    const target = path === "" ? from : join(dirname(from), decodeURIComponent(path.replace(/\?.*$/, "")));
    if (isElsewhere(pathIn(target))) return true;
    if (!existsSync(target)) return false;
    const file = statSync(target).isDirectory() ? join(target, "index.html") : target;
    if (!existsSync(file)) return false;
    if (hash === "" || !file.endsWith(".html") || REFERENCE.test(pathIn(file))) return true;
    return textOf(file).includes(`id="${decodeURIComponent(hash)}"`);
  }
}
