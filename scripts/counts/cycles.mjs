// Finds import cycles between files and between modules.
import { posix } from "node:path";
import { isScript, syntaxOf, walk } from "./sources.mjs";

/**
 * The kinds of imports that count as edges: those that run when a file loads; also types; also `import()` and workers;
 * all.
 */
const EDITIONS = {
  "static imports": ["value"],
  "static and type imports": ["value", "type"],
  "static and dynamic imports": ["value", "dynamic"],
  "all imports": ["value", "type", "dynamic"],
};

/**
 * For each kind of edges, the groups of files and of modules that import each other (strongly connected components).
 */
export function cycles(files) {
  const edges = files.filter(isScript).flatMap((file) => importsOf(file, files));
  return Object.entries(EDITIONS).map(([edition, kinds]) => {
    const own = edges.filter(({ kind }) => kinds.includes(kind));
    const ofModules = own
      .map(({ from, to }) => ({ from: folderOf(from), to: folderOf(to) }))
      .filter(({ from, to }) => from !== to);
    return { edition, files: circles(own), modules: circles(ofModules) };
  });
}

/** The module of a file: a folder with a public interface. In `nn` and in the page it is the next folder. */
function folderOf(path) {
  const folders = posix.dirname(path).split("/");
  const depth = folders[1] === "nn" || folders[1] === "rooms" ? 3 : 2;
  return folders.length === 1 ? path : folders.slice(0, depth).join("/");
}

function importsOf(file, files) {
  const edges = [];
  const add = (specifier, kind) => {
    if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
    const to = posix.join(posix.dirname(file.path), specifier.replace(/\?.*$/, ""));
    if (files.some(({ path }) => path === to)) edges.push({ from: file.path, to, kind });
  };
  walk(syntaxOf(file).program, (node) => {
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        add(node.source?.value, isTypeOnly(node) ? "type" : "value");
        break;
      case "TSImportType":
        add((node.source ?? node.argument?.literal)?.value, "type");
        break;
      case "ImportExpression":
        add(node.source.value, "dynamic");
        break;
      case "NewExpression":
        // new Worker(new URL("./worker.ts", import.meta.url))
        if (node.callee.name === "URL") add(node.arguments[0]?.value, "dynamic");
        break;
    }
  });
  return edges;
}

function isTypeOnly({ importKind, exportKind, specifiers = [] }) {
  if (importKind === "type" || exportKind === "type") return true;
  return specifiers.length > 0 && specifiers.every((each) => each.importKind === "type" || each.exportKind === "type");
}

/** Strongly connected components of more than one node (Tarjan 1972). */
function circles(edges) {
  const next = new Map();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const [index, low, stack, found] = [new Map(), new Map(), [], []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const to of next.get(node) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(node, Math.min(low.get(node), low.get(to)));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of next.keys()) if (!index.has(node)) visit(node);
  return found.sort((a, b) => b.length - a.length || (a[0] < b[0] ? -1 : 1));
}
