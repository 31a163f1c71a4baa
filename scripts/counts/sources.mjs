// Reads the repository's files for scripts/code_counts.mjs: text, syntax tree, and lines without comments.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const CODE = /\.(?:[cm]?[jt]sx?|wgsl|css|html)$/;
const SCRIPT = /\.[cm]?[jt]sx?$/;

/** All code files in a folder, by path, except declarations (`.d.ts`). */
export function filesOf(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => CODE.test(path) && !path.endsWith(".d.ts") && !path.includes("node_modules/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

const parsed = new WeakMap();

/** Parses a script to its syntax tree (ESTree) and comments, with Vite's parser. */
export function syntaxOf(file) {
  let syntax = parsed.get(file);
  if (syntax === undefined) {
    const { program, comments, errors } = parseSync(file.path, file.text);
    if (errors.length > 0) throw new Error(`${file.path}: ${errors[0].message}`);
    syntax = { program, comments };
    parsed.set(file, syntax);
  }
  return syntax;
}

/** True if the file is JavaScript or TypeScript. */
export const isScript = ({ path }) => SCRIPT.test(path);

/** Calls `visit` with every node of a syntax tree. */
export function walk(node, visit) {
  if (typeof node?.type === "string") visit(node);
  for (const value of Object.values(node)) {
    if (Array.isArray(value))
      for (const each of value) if (each !== null && typeof each === "object") walk(each, visit);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) walk(value, visit);
  }
}

/** The lines without comments, which are replaced by spaces. */
export function linesOfCode(file) {
  return blanked(file.text, commentsOf(file)).split("\n");
}

/** Replaces ranges of the text by spaces, except line breaks. */
export function blanked(text, ranges) {
  let result = text;
  for (const { start, end } of ranges) {
    result = result.slice(0, start) + result.slice(start, end).replace(/[^\n]/g, " ") + result.slice(end);
  }
  return result;
}

function commentsOf(file) {
  if (isScript(file)) return syntaxOf(file).comments;
  const pattern = file.path.endsWith(".wgsl") ? /\/\/.*|\/\*[\s\S]*?\*\//g : /\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g;
  return [...file.text.matchAll(pattern)].map(({ 0: { length }, index }) => ({ start: index, end: index + length }));
}

/** The module of a file in `src`: its folder, or the file itself if it is in none. */
export const moduleOf = ({ path }) =>
  path
    .split("/")
    .slice(0, path.startsWith("src/") ? 2 : 1)
    .join("/");
