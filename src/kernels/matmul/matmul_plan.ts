/** How a matrix product is carried out on an adapter: its variant, tiles, splits of K and chunks. */
import {
  type AdapterTraits,
  type Dispatch,
  foldGrid,
  type KernelPlan,
  type Operand,
  type Scratch,
} from "../../core/kernel_call.ts";
import { dims } from "../../core/shape.ts";
import { activationCode, type KernelActivation } from "../elementwise/activations.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { matmulShader } from "./matmul_shader.ts";
import { isSmallProduct, type MatmulSizes, type MatmulTiling, matmulTiling, matmulVariant } from "./matmul_tiling.ts";

/** Activations of the matmul epilogue. */
export const MATMUL_ACTIVATIONS = [
  "linear",
  "relu",
  "sigmoid",
  "tanh",
  "softplus",
] as const satisfies KernelActivation[];
export type MatmulActivation = (typeof MATMUL_ACTIVATIONS)[number];

export interface MatmulOperands {
  /** [..., M, K], or [..., K, M] with `transposeA`. */
  readonly a: Operand;
  /** [..., K, N], or [..., N, K] with `transposeB`. Batch axes broadcast. */
  readonly b: Operand;
  /** [N], [1] or []. */
  readonly bias?: Operand | undefined;
  /** [...batch, M, N]. */
  readonly out: Operand;
}

/** A product, with its batch axes collapsed to four and their strides in elements. */
export interface MatmulProblem extends MatmulSizes {
  readonly sizes: readonly number[];
  readonly aStrides: readonly number[];
  readonly bStrides: readonly number[];
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: MatmulActivation;
  readonly biasSize: number;
}

/** A split of K is at least this long, and the splits together make about so many workgroups. */
const MIN_SPLIT = 256;
const SPLIT_WORKGROUPS = { lavapipe: 16, swiftshader: 16, gpu: 256 } as const;
/**
 * Sums of more products lose digits: over 32,000, splits of this length give a ninth of the error, and are 5% faster
 * on lavapipe.
 */
const EXACT_SPLIT = 1024;
const COMBINE_WORKGROUP = 64;

/** The dispatches of a product. @throws ValueError when there is no such variant, or not on this adapter. */
export function planMatmul(
  { a, b, bias, out }: MatmulOperands,
  problem: MatmulProblem,
  adapter: AdapterTraits,
  name?: string,
): KernelPlan {
  const variant = matmulVariant(problem, adapter, name);
  const { M, N, K, batch, transposeA, transposeB } = problem;
  if (batch * M * N === 0) return { dispatches: [] };
  const tiling = matmulTiling(problem, variant, adapter);
  const gx = Math.ceil(N / tiling.columns);
  const gy = Math.ceil(M / tiling.rows);
  const splitSize = splitSizeOf(problem, gx * gy * batch, tiling, adapter);
  const splits = Math.max(1, Math.ceil(K / splitSize));
  const epilogue = { ACTIVATION: activationCode(problem.activation) };
  const hasEpilogue = bias !== undefined || problem.activation !== "linear";
  // The plain kernel reads one element at a time: vec4 would only make more pipelines.
  const isVectorA = variant !== "naive" && K > 0 && (transposeA ? M : K) % 4 === 0;
  const isVectorB = variant !== "naive" && K > 0 && (transposeB ? K : N) % 4 === 0;
  const shader = matmulShader(variant, N % 4 === 0).constants({
    ...tiling.constants,
    ...(splits === 1 && hasEpilogue ? epilogue : { HAS_EPILOGUE: false }),
    HAS_TAIL: variant !== "naive" && K % 4 !== 0,
    TRANSPOSE_A: transposeA,
    TRANSPOSE_B: transposeB,
    VECTOR_A: isVectorA,
    VECTOR_B: isVectorB,
    ElementA: isVectorA ? "vec4f" : "f32",
    ElementB: isVectorB ? "vec4f" : "f32",
  });
  const partials: Scratch = { bytes: splits * batch * M * N * 4 };
  const isWhole = splits === 1;
  const perWorkgroup = (tiling.rows * tiling.columns * Math.min(K, splitSize)) / tiling.speed;
  const dispatches: Dispatch[] = chunksOf([gx, gy, batch * splits], perWorkgroup, adapter).map((chunk, index) =>
    dispatch({
      label: `matmul/${variant}`,
      shader,
      entryPoint: variant,
      params: paramsOf(problem, splits, splitSize, chunk.first),
      buffers: { a, b, out: isWhole ? out : partials, bias: isWhole ? bias : undefined },
      workgroups: chunk.count,
      ...(index > 0 && { isExtraChunk: true }),
    }),
  );
  if (isWhole) return { dispatches };
  dispatches.push(
    dispatch({
      label: "matmul/combine",
      shader: matmulShader("combine", false).constants(epilogue),
      entryPoint: "combine",
      params: paramsOf(problem, splits, splitSize, [0, 0, 0]),
      buffers: { a: partials, out, bias },
      workgroups: foldGrid(Math.ceil((batch * M * N) / COMBINE_WORKGROUP), adapter),
    }),
  );
  return { dispatches };
}

/**
 * The k of one split: all of K unless there are too few workgroups, sums of too many numbers, or too much for one
 * workgroup.
 */
function splitSizeOf(
  problem: MatmulProblem,
  tiles: number,
  { rows, columns, speed }: MatmulTiling,
  adapter: AdapterTraits,
): number {
  const { M, N, K, batch } = problem;
  const longest = (adapter.multiplyAddsPerSecond * adapter.dispatchSeconds * speed) / (rows * columns);
  const forced = Math.ceil(K / Math.max(MIN_SPLIT, longest));
  const busy = Math.min(Math.ceil(SPLIT_WORKGROUPS[adapter.kind] / tiles), Math.floor(K / MIN_SPLIT));
  // Partial products stay smaller than what is read.
  const exact = Math.min(Math.round(K / EXACT_SPLIT), Math.floor((K * (M + N)) / (4 * M * N)));
  const useful = isSmallProduct(problem) ? 1 : Math.max(busy, exact);
  const fitting = Math.floor(adapter.limits.maxStorageBufferBindingSize / (batch * M * N * 4));
  const splits = Math.max(1, Math.min(fitting, Math.max(forced, useful)));
  return Math.max(4, Math.ceil(K / splits / 4) * 4);
}

/** Cuts a grid so that no dispatch takes longer than the adapter allows, nor passes its workgroups per dimension. */
function chunksOf(grid: readonly [number, number, number], cost: number, adapter: AdapterTraits) {
  const limit = adapter.limits.maxComputeWorkgroupsPerDimension;
  const most = Math.max(1, Math.floor((adapter.multiplyAddsPerSecond * adapter.dispatchSeconds) / Math.max(1, cost)));
  const [gx, gy, gz] = grid;
  const stepOf = (count: number, left: number) =>
    Math.ceil(count / Math.ceil(count / Math.max(1, Math.min(limit, left))));
  const sx = stepOf(gx, most);
  const sy = stepOf(gy, Math.floor(most / sx));
  const sz = stepOf(gz, Math.floor(Math.floor(most / sx) / sy));
  const chunks: { first: [number, number, number]; count: [number, number, number] }[] = [];
  for (let z = 0; z < gz; z += sz) {
    for (let y = 0; y < gy; y += sy) {
      for (let x = 0; x < gx; x += sx) {
        chunks.push({ first: [x, y, z], count: [Math.min(sx, gx - x), Math.min(sy, gy - y), Math.min(sz, gz - z)] });
      }
    }
  }
  return chunks;
}

function paramsOf(
  { M, N, K, batch, sizes, aStrides, bStrides, biasSize }: MatmulProblem,
  splits: number,
  split_size: number,
  [first_column, first_row, first_batch]: readonly [number, number, number],
): Record<string, number> {
  const [, size1, size2, size3] = dims(sizes, 4);
  const [a_stride0, a_stride1, a_stride2, a_stride3] = dims(aStrides, 4);
  const [b_stride0, b_stride1, b_stride2, b_stride3] = dims(bStrides, 4);
  return {
    ...{ M, N, K, batch, splits, split_size, first_column, first_row, first_batch },
    ...{ size1, size2, size3, a_stride0, a_stride1, a_stride2, a_stride3, b_stride0, b_stride1, b_stride2, b_stride3 },
    bias_stride: biasSize > 1 ? 1 : 0,
  };
}
