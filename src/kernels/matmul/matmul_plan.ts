/** How a matrix product is carried out on an adapter: its variant, tiles, splits of K and chunks. */
import {
  type AdapterTraits,
  type BufferBinding,
  type Dispatch,
  foldGrid,
  type KernelPlan,
  type Param,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import type { Constants } from "../wgsl/specialise.ts";
import { matmulSource } from "./matmul_source.ts";
import { isSmallProduct, type MatmulSizes, type MatmulTiling, matmulTiling, matmulVariant } from "./matmul_tiling.ts";

/** Activations of the matmul epilogue, in the shader's numbering. */
export const MATMUL_ACTIVATIONS = ["linear", "relu", "sigmoid", "tanh", "softplus"] as const;
export type MatmulActivation = (typeof MATMUL_ACTIVATIONS)[number];

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
/** Sums of more products lose digits: over 32,000, splits of this length give a ninth of the error, and are 5% faster on lavapipe. */
const EXACT_SPLIT = 1024;
const COMBINE_WORKGROUP = 64;

/** The dispatches of a product. @throws ValueError when there is no such variant, or not on this adapter. */
export function planMatmul(problem: MatmulProblem, adapter: AdapterTraits, name?: string): KernelPlan {
  const variant = matmulVariant(problem, adapter, name);
  const { M, N, K, batch, biasSize, transposeA, transposeB } = problem;
  if (batch * M * N === 0) return { dispatches: [], scratch: [] };
  const tiling = matmulTiling(problem, variant, adapter);
  const gx = Math.ceil(N / tiling.columns);
  const gy = Math.ceil(M / tiling.rows);
  const splitSize = splitSizeOf(problem, gx * gy * batch, tiling, adapter);
  const splits = Math.max(1, Math.ceil(K / splitSize));
  const epilogue: Constants = {
    HAS_BIAS: biasSize > 0,
    ACTIVATION: MATMUL_ACTIVATIONS.indexOf(problem.activation),
  };
  const hasEpilogue = biasSize > 0 || problem.activation !== "linear";
  // The plain kernel reads one element at a time: vec4 would only make more pipelines.
  const isVectorA = variant !== "naive" && K > 0 && (transposeA ? M : K) % 4 === 0;
  const isVectorB = variant !== "naive" && K > 0 && (transposeB ? K : N) % 4 === 0;
  const specialised = matmulSource(variant, N % 4 === 0, {
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
  const bias = (otherwise: BufferBinding): BufferBinding => (biasSize > 0 ? readBuffer(2) : otherwise);
  const target = splits === 1 ? writeBuffer(0) : scratchBuffer(0, "read_write");
  const perWorkgroup = (tiling.rows * tiling.columns * Math.min(K, splitSize)) / tiling.speed;
  const dispatches: Dispatch[] = chunksOf([gx, gy, batch * splits], perWorkgroup, adapter).map((chunk, index) => ({
    label: `matmul/${variant}`,
    source: specialised,
    entryPoint: variant,
    params: paramsOf(problem, splits, splitSize, chunk.first),
    buffers: [readBuffer(0), readBuffer(1), target, bias(readBuffer(0))],
    workgroups: chunk.count,
    ...(index > 0 && { isExtraChunk: true }),
  }));
  if (splits === 1) return { dispatches, scratch: [] };
  const partials = scratchBuffer(0, "read");
  dispatches.push({
    label: "matmul/combine",
    source: matmulSource("combine", false, epilogue),
    entryPoint: "combine",
    params: paramsOf(problem, splits, splitSize, [0, 0, 0]),
    buffers: [partials, partials, writeBuffer(0), bias(partials)],
    workgroups: foldGrid(Math.ceil((batch * M * N) / COMBINE_WORKGROUP), adapter),
  });
  return { dispatches, scratch: [splits * batch * M * N * 4] };
}

/** The k of one split: all of K unless there are too few workgroups, sums of too many numbers, or too much for one workgroup. */
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
  const step: number[] = [];
  let left = most;
  for (const count of grid) {
    const chunks = Math.ceil(count / Math.max(1, Math.min(limit, left)));
    step.push(Math.ceil(count / chunks));
    left = Math.floor(left / (step.at(-1) as number));
  }
  const [sx, sy, sz] = step as [number, number, number];
  const [gx, gy, gz] = grid;
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
  problem: MatmulProblem,
  splits: number,
  splitSize: number,
  first: readonly [number, number, number],
): Param[] {
  const { M, N, K, batch, sizes, aStrides, bStrides, biasSize } = problem;
  const scalars = [M, N, K, splits, splitSize, ...first, batch, ...sizes.slice(1), ...aStrides, ...bStrides];
  return [...scalars, biasSize > 1 ? 1 : 0].map(u32);
}
