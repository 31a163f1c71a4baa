/** The matmul shaders: what they share, how they store, and one entry point each. */
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import common from "../../../shaders/matmul/matmul_common.wgsl?raw" with { type: "text" };
import direct from "../../../shaders/matmul/matmul_direct.wgsl?raw" with { type: "text" };
import naive from "../../../shaders/matmul/matmul_naive.wgsl?raw" with { type: "text" };
import scalarOut from "../../../shaders/matmul/matmul_out_scalar.wgsl?raw" with { type: "text" };
import vectorOut from "../../../shaders/matmul/matmul_out_vector.wgsl?raw" with { type: "text" };
import subgroup from "../../../shaders/matmul/matmul_subgroup.wgsl?raw" with { type: "text" };
import tiled from "../../../shaders/matmul/matmul_tiled.wgsl?raw" with { type: "text" };
import type { ShaderFile } from "../wgsl/parsed.ts";
import { Shader } from "../wgsl/shader.ts";

/** Ways to compute a product; `combine` adds up the partial products of a split K. */
export const MATMUL_VARIANTS = ["naive", "tiled", "direct", "subgroup"] as const;
export type MatmulVariant = (typeof MATMUL_VARIANTS)[number];

const parts = { naive, tiled, direct, subgroup };
const SCALARS = { matmul_out_scalar: scalarOut };
const VECTORS = { matmul_out_vector: vectorOut };

const shaderOf = (out: Readonly<Record<string, ShaderFile>>, variant: MatmulVariant): Shader =>
  Shader.of({ matmul_common: common, ...out, [`matmul_${variant}`]: parts[variant], activations });

const plain = shaderOf(SCALARS, "naive");
const shadersOf = (out: Readonly<Record<string, ShaderFile>>) => ({
  naive: plain,
  combine: plain,
  tiled: shaderOf(out, "tiled"),
  direct: shaderOf(out, "direct"),
  subgroup: shaderOf(out, "subgroup"),
});

const SCALAR_SHADERS = shadersOf(SCALARS);
const VECTOR_SHADERS = shadersOf(VECTORS);

/** The shader of an entry point, which has its name. `storesVectors`: the output's rows are whole vec4s. */
export function matmulShader(entryPoint: MatmulVariant | "combine", storesVectors: boolean): Shader {
  return (storesVectors ? VECTOR_SHADERS : SCALAR_SHADERS)[entryPoint];
}
