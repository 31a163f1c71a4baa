/** Reads a shader's bindings from its WGSL source. */
import { ValueError } from "../core/errors.ts";

/** A buffer that a shader declares in group 0. */
export interface ShaderBinding {
  readonly binding: number;
  readonly name: string;
  readonly type: GPUBufferBindingType;
}

const DECLARATION =
  /@group\(\s*(\d+)u?i?\s*\)\s*@binding\(\s*(\d+)u?i?\s*\)\s*var(?:<\s*(\w+)(?:\s*,\s*(\w+))?\s*,?\s*>)?\s+(\w+)/g;
const ENTRY = /@compute\b[^;{]*?\bfn\s+(\w+)/g;

/** The source without comments, line breaks kept. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));
}

/**
 * The buffers of group 0, ordered by binding number.
 * @throws ValueError for other groups, and for textures and samplers.
 * @example
 * shaderBindings("@group(0) @binding(0) var<storage, read> x : array<f32>;");
 * // [{ binding: 0, name: "x", type: "read-only-storage" }]
 */
export function shaderBindings(source: string): ShaderBinding[] {
  const found = [...withoutComments(source).matchAll(DECLARATION)].map(([, group, binding, space, access, name]) => {
    if (Number(group) !== 0) {
      throw new ValueError(`the shader binds "${name}" in group ${group}; expected all buffers in group 0`, { name });
    }
    if (space !== "storage" && space !== "uniform") {
      throw new ValueError(
        `the shader binds "${name}", which is not a buffer; expected var<storage> and var<uniform> only`,
        {
          name,
        },
      );
    }
    const type: GPUBufferBindingType =
      space === "uniform" ? "uniform" : access === "read_write" ? "storage" : "read-only-storage";
    return { binding: Number(binding), name: name as string, type };
  });
  return found.sort((a, b) => a.binding - b.binding);
}

/** The names of the source's compute entry points, in order. */
export function entryPoints(source: string): string[] {
  return [...withoutComments(source).matchAll(ENTRY)].map(([, name]) => name as string);
}
