/** Shaders for another number of storage buffers than they are written for: one body for several tensors, or one buffer less. */
import { ValueError } from "../../core/errors.ts";

const BINDING = /^@group\(0\) @binding\((\d+)\) var<storage, (\w+)> (\w+): ([^;]+);\n/gm;
const ENTRY = /^@compute @workgroup_size\((\w+)\)\nfn (\w+)\(([^)]*(?:\([^)]*\)[^)]*)*)\) \{\n/gm;

/** What of a shader is there once for each tensor. */
export interface Repetition {
  /** How many tensors. */
  readonly count: number;
  /** Names of the buffers that all share; the others are a tensor's own. */
  readonly shared?: readonly string[];
  /** Members of `Params` that are a tensor's own. */
  readonly ownParams?: readonly string[];
}

/**
 * The shader of one tensor, as `specialise` gives it, made one of `count`: its functions and the buffers that are a tensor's
 * own are there once for each (`x_0`, `x_1`, …), and the entry point `NAME_each` calls all, one after another. The bindings
 * are every tensor's own buffers, then those that are shared; a param of a tensor's own stands there once for each.
 *
 * @throws ValueError when the shader has no such entry point, buffer or param.
 */
export function repeatShader(
  source: string,
  entryPoint: string,
  { count, shared = [], ownParams = [] }: Repetition,
): string {
  const bindings = storageBindings(source);
  const start = source.search(/^(fn|@compute) /m);
  const entry = [...source.matchAll(ENTRY)].find(([, , name]) => name === entryPoint);
  const isKnown = (name: string) => bindings.some((binding) => binding.name === name);
  if (entry === undefined || !shared.every(isKnown) || !ownParams.every((name) => source.includes(`\n${name}: u32,\n`)))
    throw new ValueError(`repeatShader: the shader of ${entryPoint} lacks its entry point, ${shared} or ${ownParams}`, {
      entryPoint,
    });
  const [, threads, , parameters = ""] = entry;
  const body = source
    .slice(start)
    .replace(/^@compute @workgroup_size\(\w+\)\n/gm, "")
    .replace(/@builtin\(\w+\) /g, "");
  const functions = [...body.matchAll(/^fn (\w+)/gm)].map(([, name]) => name as string);
  const own = bindings.filter(({ name }) => !shared.includes(name));
  const copies = Array.from({ length: count }, (_, copy) => copy);
  const declared = [
    ...copies.flatMap((copy) => own.map((binding) => ({ ...binding, name: `${binding.name}_${copy}` }))),
    ...bindings.filter(({ name }) => shared.includes(name)),
  ].map(declare);
  const names = new RegExp(`(?<![\\w.])(${[...own.map(({ name }) => name), ...functions].join("|")})(?=[\\[(])`, "g");
  const params = new RegExp(`\\bparams\\.(${ownParams.join("|") || "(?!)"})\\b`, "g");
  const head = ownParams.reduce(
    (text, name) => text.replace(`\n${name}: u32,`, copies.map((copy) => `\n${name}_${copy}: u32,`).join("")),
    source.slice(0, start).replace(BINDING, ""),
  );
  const passed = [...parameters.matchAll(/(\w+): /g)].map(([, name]) => name).join(", ");
  return [
    head,
    ...declared,
    ...copies.map((copy) => body.replace(names, `$1_${copy}`).replace(params, `params.$1_${copy}`)),
    `@compute @workgroup_size(${threads})\nfn ${entryPoint}_each(${parameters}) {\n`,
    ...copies.map((copy) => `${entryPoint}_${copy}(${passed});\n`),
    "}\n",
  ].join("");
}

/** The shader without the buffers of these names, which it then leaves alone: the other bindings move up. */
export function withoutBuffers(source: string, names: readonly string[]): string {
  const kept = storageBindings(source).filter(({ name }) => !names.includes(name));
  return source.replace(BINDING, (_line, _binding, _access, name: string, type: string) => {
    const index = kept.findIndex((binding) => binding.name === name);
    if (index >= 0) return declare(kept[index] as StorageBinding, index);
    return `var<private> ${name}: ${type.replace(/^array<(.*)>$/, "array<$1, 1>")};\n`;
  });
}

interface StorageBinding {
  readonly access: string;
  readonly name: string;
  readonly type: string;
}

/** The storage buffers of a shader, in the order of their bindings. */
export function storageBindings(source: string): StorageBinding[] {
  return [...source.matchAll(BINDING)].map(([, , access, name, type]) => ({ access, name, type }) as StorageBinding);
}

const declare = ({ access, name, type }: StorageBinding, index: number) =>
  `@group(0) @binding(${index + 1}) var<storage, ${access}> ${name}: ${type};\n`;
