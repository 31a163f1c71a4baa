/** The files of shaders/, and the shaders that kernels make of them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsed, type ShaderFile } from "../../../src/kernels/wgsl/parsed.ts";
import { Shader } from "../../../src/kernels/wgsl/shader.ts";
import type { Declaration, Piece, ShaderTemplate } from "../../../src/kernels/wgsl/template.ts";

const folder = (path: string) => fileURLToPath(new URL(`../../../${path}/`, import.meta.url));

const filesIn = (path: string, ending: string) =>
  readdirSync(folder(path), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .sort();

/** Every file, by its path in shaders/. */
export const SHADER_FILES: readonly { readonly name: string; readonly source: string }[] = filesIn(
  "shaders",
  ".wgsl",
).map((name) => ({ name, source: readFileSync(folder("shaders") + name, "utf8") }));

/** A shader as a kernel puts it together. */
export interface KernelShader {
  /** Its files, "common + naive". */
  readonly label: string;
  readonly files: readonly string[];
  readonly shader: Shader;
  readonly declarations: readonly Declaration[];
  readonly templates: readonly ShaderTemplate[];
}

/** The shaders of all kernels: what `Shader.of` is called with while their files load. */
export async function kernelShaders(): Promise<KernelShader[]> {
  const made: { files: Readonly<Record<string, ShaderFile>>; shader: Shader }[] = [];
  const { of } = Shader;
  Shader.of = (files) => {
    const shader = of(files);
    made.push({ files, shader });
    return shader;
  };
  for (const file of filesIn("src/kernels", ".ts")) await import(folder("src/kernels") + file);
  Shader.of = of;
  return made.map(({ files, shader }) => {
    const names = Object.entries(files).map(([name, file]) => pathOf(name, file));
    const templates = Object.values(files).map(parsed);
    return {
      label: names.map((name) => name.replace(/^.*\/|\.wgsl$/g, "")).join(" + "),
      ...{ files: names, shader, templates },
      declarations: templates.flatMap(({ declarations }) => declarations),
    };
  });
}

/** The path of a file that a kernel gives by name: it must be the file's own. */
function pathOf(given: string, file: ShaderFile): string {
  const known = SHADER_FILES.find(({ source }) => source === file);
  if (known === undefined) throw new Error("a kernel's shader is no file of shaders/");
  if (!known.name.endsWith(`/${given}.wgsl`)) throw new Error(`a kernel calls ${known.name} "${given}"`);
  return known.name;
}

/** Names of a shader's entry points. */
export function entryNames(declarations: readonly Declaration[]): string[] {
  return declarations.filter(({ kind }) => kind === "entry").map(({ name }) => name);
}

/** The features that a shader has code for. */
export function featuresOf(declarations: readonly Declaration[]): string[] {
  const features = new Set<string>();
  const add = (condition: string | undefined) => {
    if (condition !== undefined) features.add(condition.replace(/^!/, ""));
  };
  const walk = (pieces: readonly Piece[]) => {
    for (const piece of pieces) {
      if (typeof piece === "string") continue;
      if ("when" in piece) add(piece.when);
      if ("loop" in piece) add(piece.feature);
      if ("code" in piece) walk(piece.code);
    }
  };
  for (const declaration of declarations) {
    add(declaration.when);
    if ("code" in declaration) walk(declaration.code);
    if (declaration.kind === "entry") for (const { when } of declaration.parameters ?? []) add(when);
  }
  return [...features].sort();
}

/** Whether a shader has buffers or params of which there is one for each tensor. */
export function isRepeatable(templates: readonly ShaderTemplate[]): boolean {
  return templates.some(
    ({ params = [], declarations }) =>
      params.some(({ isOwn }) => isOwn) || declarations.some((each) => each.kind === "buffer" && each.isOwn),
  );
}
