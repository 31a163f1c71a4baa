/** The variants of the matrix product: their shaders, which of them suits an adapter and a shape, and their tiles. */
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import common from "../../../shaders/matmul/matmul_common.wgsl?raw" with { type: "text" };
import direct from "../../../shaders/matmul/matmul_direct.wgsl?raw" with { type: "text" };
import naive from "../../../shaders/matmul/matmul_naive.wgsl?raw" with { type: "text" };
import scalarOut from "../../../shaders/matmul/matmul_out_scalar.wgsl?raw" with { type: "text" };
import vectorOut from "../../../shaders/matmul/matmul_out_vector.wgsl?raw" with { type: "text" };
import subgroup from "../../../shaders/matmul/matmul_subgroup.wgsl?raw" with { type: "text" };
import tiled from "../../../shaders/matmul/matmul_tiled.wgsl?raw" with { type: "text" };
import { ValueError } from "../../core/errors.ts";
import type { AdapterTraits } from "../../core/kernel_call.ts";
import { variantNamed } from "../wgsl/dispatch.ts";
import type { ShaderFile } from "../wgsl/parsed.ts";
import { type Constants, Shader } from "../wgsl/shader.ts";

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

/** Sizes of a product. */
export interface MatmulSizes {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batch: number;
}

/**
 * How one variant cuts a product: the outputs of a workgroup, its constants, and its speed beside the adapter's
 * guess.
 */
export interface MatmulTiling {
  readonly rows: number;
  readonly columns: number;
  readonly constants: Constants;
  readonly speed: number;
}

/**
 * Up to so many multiply-adds the plain kernel takes well under a millisecond, and compiles ten times faster than the
 * others.
 */
const SMALL_PRODUCT = 2 ** 17;

export function isSmallProduct({ M, N, K, batch }: MatmulSizes): boolean {
  return batch * M * N * K <= SMALL_PRODUCT;
}

/** The variant of that name, or the one that suits. @throws ValueError when there is none, or not on this adapter. */
export function matmulVariant(sizes: MatmulSizes, adapter: AdapterTraits, name?: string): MatmulVariant {
  const hasSubgroups = SUBGROUP_SIZES.includes(adapter.subgroupSize);
  if (name === undefined) {
    const { M, N } = sizes;
    if (isSmallProduct(sizes)) return "naive";
    if (adapter.kind === "gpu") return M > 16 && N > 16 ? "tiled" : "direct";
    return hasSubgroups && M >= adapter.subgroupSize && N >= 2 * adapter.subgroupSize ? "subgroup" : "direct";
  }
  const variant = variantNamed("matmul", MATMUL_VARIANTS, name);
  if (variant === "subgroup" && !hasSubgroups) {
    throw new ValueError(
      `matmul: the variant subgroup needs subgroups of one size, ${SUBGROUP_SIZES.join(", ")}; this adapter has ` +
        `${adapter.subgroupSize || "none"}`,
      { variant: name, subgroupSize: adapter.subgroupSize },
    );
  }
  return variant;
}

export function matmulTiling(sizes: MatmulSizes, variant: MatmulVariant, adapter: AdapterTraits): MatmulTiling {
  const { M, N } = sizes;
  if (variant === "naive") return { rows: 8, columns: 8, constants: {}, speed: 0.2 };
  if (variant === "tiled") return { rows: 64, columns: 64, constants: {}, speed: 1 };
  if (variant === "subgroup") return subgroupTiling(sizes, adapter);
  const COLUMNS = N <= 4 ? 1 : 2;
  const ROWS = M <= 4 ? 4 : 8;
  const WIDTH = Math.min(8, powerOfTwo(Math.ceil(N / (4 * COLUMNS))));
  const HEIGHT = Math.min(64 / WIDTH, powerOfTwo(Math.ceil(M / ROWS)));
  const constants = { ROWS, COLUMNS, WIDTH, HEIGHT };
  return { rows: ROWS * HEIGHT, columns: 4 * COLUMNS * WIDTH, constants, speed: 1 };
}

const SUBGROUP_SIZES: readonly number[] = [4, 8, 16];
const MAX_ROWS = 32;
const STORED = 4;
/**
 * Instructions for a vec4 load of all lanes, for passing a row's four k to all lanes, and for four k of a vec4 of
 * sums.
 */
const INSTRUCTIONS = { load: 250, broadcast: 16, multiplyAdds: 64 } as const;
/** Measured, beside the adapter's cautious guess: 10 and 3.5 G multiply-adds per second. */
const SUBGROUP_SPEED = { lavapipe: 1.5, swiftshader: 2.5, gpu: 1 } as const;

/**
 * SwiftShader takes 0.4 s to compile a tile of 32 rows, 0.15 of 16, 0.1 of 8: a small product, of some 50 ms at most,
 * is not worth more.
 */
const QUICK_TO_COMPILE = { kind: "swiftshader", multiplyAdds: 1e8, maxRows: 8 } as const;

/** Of the tiles that a subgroup can own, those with the fewest instructions for all of the output. */
function subgroupTiling(
  { M, N, K, batch }: MatmulSizes,
  { kind, subgroupSize: SUBGROUP }: AdapterTraits,
): MatmulTiling {
  const isSmall = kind === QUICK_TO_COMPILE.kind && batch * M * N * K < QUICK_TO_COMPILE.multiplyAdds;
  const { load, broadcast, multiplyAdds } = INSTRUCTIONS;
  let best = { ROWS: 0, COLUMNS: 0, cost: Number.POSITIVE_INFINITY };
  // 32 x 32 outputs: with lanes of 8 one vec4 of columns, with lanes of 4 two.
  for (let COLUMNS = Math.max(1, 8 / SUBGROUP); COLUMNS >= 1; COLUMNS--) {
    for (let ROWS = isSmall ? QUICK_TO_COMPILE.maxRows : MAX_ROWS; ROWS > 0; ROWS -= STORED) {
      const tiles = Math.ceil(M / ROWS) * Math.ceil(N / (4 * COLUMNS * SUBGROUP));
      const loads = Math.ceil(ROWS / SUBGROUP) + 4 * COLUMNS;
      const cost = tiles * (loads * load + ROWS * (broadcast + COLUMNS * multiplyAdds));
      if (cost < best.cost) best = { ROWS, COLUMNS, cost };
    }
  }
  const { ROWS, COLUMNS } = best;
  const constants = { SUBGROUP, ROWS, ROW_GROUPS: Math.ceil(ROWS / SUBGROUP), COLUMNS, STORED };
  return { rows: ROWS, columns: 4 * COLUMNS * SUBGROUP, constants, speed: SUBGROUP_SPEED[kind] };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)));
}
