/** The matmul shaders: what they share, how they store, and one entry point each. */
import common from "../../../shaders/matmul/matmul_common.wgsl?raw" with { type: "text" };
import direct from "../../../shaders/matmul/matmul_direct.wgsl?raw" with { type: "text" };
import naive from "../../../shaders/matmul/matmul_naive.wgsl?raw" with { type: "text" };
import scalarOut from "../../../shaders/matmul/matmul_out_scalar.wgsl?raw" with { type: "text" };
import vectorOut from "../../../shaders/matmul/matmul_out_vector.wgsl?raw" with { type: "text" };
import subgroup from "../../../shaders/matmul/matmul_subgroup.wgsl?raw" with { type: "text" };
import tiled from "../../../shaders/matmul/matmul_tiled.wgsl?raw" with { type: "text" };
import { type Constants, specialise } from "../wgsl/specialise.ts";

/** Ways to compute a product; `combine` adds up the partial products of a split K. */
export const MATMUL_VARIANTS = ["naive", "tiled", "direct", "subgroup"] as const;
export type MatmulVariant = (typeof MATMUL_VARIANTS)[number];

const SHADERS = { naive, combine: naive, tiled, direct, subgroup } as const;

/** The source of one entry point, which has its name. `storesVectors`: the output's rows are whole vec4s. */
export function matmulSource(
  entryPoint: MatmulVariant | "combine",
  storesVectors: boolean,
  constants: Constants,
): string {
  const isVector = storesVectors && SHADERS[entryPoint] !== naive;
  const directives = entryPoint === "subgroup" ? "enable subgroups;\n\n" : "";
  const source = `${directives}${common}\n${isVector ? vectorOut : scalarOut}\n${SHADERS[entryPoint]}`;
  return specialise(source, constants);
}
