/** Shaders as kernels import them. The build puts their templates in place of the text, and leaves the parser out. */
import { parseShader } from "./parse.ts";
import type { ShaderTemplate } from "./template.ts";

/** A `.wgsl` file: its text where the source runs as it stands, its template where it was built. */
export type ShaderFile = string | ShaderTemplate;

/** The template of a file. */
export function parsed(file: ShaderFile): ShaderTemplate {
  return typeof file === "string" ? parseShader(file) : file;
}
