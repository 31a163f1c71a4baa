/** Reads the import lines of the source, and judges them by a table of who may import whom. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

/** A source file, its path relative to the repository with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One import: `specifier` as written; `target` the repository path it leads to, absent for a package. */
export interface ImportLine {
  readonly specifier: string;
  readonly target?: string;
  /** `import type`, which leaves no trace in the built code. */
  readonly isType: boolean;
  /** `import(…)`, which runs later or stands for a type, and `new Worker(new URL(…))`, which starts a module apart. */
  readonly isDynamic: boolean;
}

/** All TypeScript files under `folder` of the repository at `root`. */
export function readSource(root: string, folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))
    .map((name) => join(root, folder, name))
    .map((path) => ({ path: relative(root, path).split(sep).join("/"), text: readFileSync(path, "utf8") }));
}

const STATIC = /^\s*(?:import|export)\s+(?<type>type\s)?(?:[^"';]*?\sfrom\s+)?["'](?<from>[^"']+)["']/;
const DYNAMIC = /(?:\bimport\(|\bnew Worker\(\s*new URL\()\s*(?:\/\*.*?\*\/\s*)?["'](?<dynamic>[^"']+)["']/;
const IMPORT = new RegExp(`${STATIC.source}|${DYNAMIC.source}`, "gm");

/** The file's imports and re-exports, static and dynamic. */
export function importsOf({ path, text }: SourceFile): readonly ImportLine[] {
  return [...withoutComments(text).matchAll(IMPORT)].map(({ groups = {} }) => {
    const specifier = groups.from ?? groups.dynamic ?? "";
    const kind = { specifier, isType: groups.type !== undefined, isDynamic: groups.dynamic !== undefined };
    if (!specifier.startsWith(".")) return kind;
    return { ...kind, target: posix.join(posix.dirname(path), specifier.replace(/\?.*$/, "")) };
  });
}

/** The text with comments blanked out, line breaks kept; strings stay. */
export function withoutComments(text: string): string {
  return text.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (match) => (match.startsWith("/") ? match.replace(/[^\n]/g, " ") : match),
  );
}

/**
 * The module of a repository path: `src/core/shape.ts` lies in `core`, `src/nn/layers/lstm.ts` in `nn/layers`,
 * `demo/main.ts` in `demo`, `src/index.ts` in `index.ts`, what lies in `data/` in `data files`.
 */
export function moduleOf(path: string): string {
  const [top = "", second = "", third = ""] = path.split("/");
  if (top === "data") return "data files";
  if (top !== "src") return top;
  return second === "nn" ? `nn/${third}` : second;
}

/**
 * Which modules a module may import, besides itself; a module that is not named may import nothing. `nn` stands for all
 * modules in it.
 */
export type ModuleTable = Readonly<Record<string, readonly string[]>>;

/** Sentences, one for each import that the table forbids. */
export function forbiddenImports(files: readonly SourceFile[], table: ModuleTable): readonly string[] {
  return files.flatMap((file) => {
    const module = moduleOf(file.path);
    const allowed = table[module];
    if (allowed === undefined) return [`${file.path}: the module "${module}" is not in the table`];
    return importsOf(file)
      .filter(({ target }) => target !== undefined)
      .map(({ target }) => moduleOf(target as string))
      .filter((other) => other !== module && !allowed.includes(other) && !allowed.includes(other.replace(/\/.*/, "")))
      .map((other) => `${file.path} imports from ${other}; ${module} may import ${allowed.join(", ") || "nothing"}`);
  });
}

/**
 * Groups of files that import each other, directly or through other files, each sorted: a group of two or more is an
 * import cycle, as is a file that imports itself. Every import counts, those of types and `import()` too: a cycle of
 * types still means that none of its files can be understood or moved alone.
 */
export function importCycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const known = new Set(files.map(({ path }) => path));
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap(({ target }) => (target !== undefined && known.has(target) ? [target] : [])),
    ]),
  );
  const cycles: string[][] = [];
  // Tarjan's strongly connected components: `low` is the earliest file on the stack that a file leads back to.
  const order = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): number => {
    const index = order.size;
    order.set(path, index);
    stack.push(path);
    let low = index;
    for (const next of edges.get(path) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === index) {
      const group = stack.splice(stack.indexOf(path)).sort();
      if (group.length > 1 || edges.get(path)?.includes(path)) cycles.push(group);
    }
    return low;
  };
  for (const path of edges.keys()) if (!order.has(path)) visit(path);
  return cycles.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
}

/** The lines of a file that match, as `path:line: text`; comments are not looked at. */
export function linesMatching({ path, text }: SourceFile, pattern: RegExp): readonly string[] {
  return withoutComments(text)
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
