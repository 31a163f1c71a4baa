/** Batched matrix product with bias and activation, split over K and cut into chunks where that is needed. */
import { at } from "../../core/at.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  type AdapterTraits,
  type Dispatch,
  foldGrid,
  type KernelCall,
  type KernelPlan,
  type Operand,
  type Scratch,
} from "../../core/kernel_call.ts";
import { broadcastShapes, broadcastStrides, dims, type Shape, sizeOf } from "../../core/shape.ts";
import { activationCode, type KernelActivation } from "../elementwise/activations.ts";
import { checkSize, dispatch } from "../wgsl/dispatch.ts";
import {
  isSmallProduct,
  MATMUL_VARIANTS,
  type MatmulSizes,
  type MatmulTiling,
  matmulShader,
  matmulTiling,
  matmulVariant,
} from "./matmul_variants.ts";

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

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly activation?: MatmulActivation;
}

const MAX_BATCH_AXES = 4;

/**
 * out = activation(A · B + bias), float32. The shapes are as the op has checked them.
 *
 * @throws ShapeError when more than four batch axes cannot be merged, LimitError when a tensor reaches 2^31 elements.
 * @example
 * matmulCall({ a, b, bias, out }, { activation: "relu" });
 */
export function matmulCall(operands: MatmulOperands, options: MatmulOptions = {}): KernelCall {
  const { a, b, bias, out } = operands;
  const problem = problemOf(operands, options);
  return {
    kernel: "matmul",
    reads: { a, b, bias },
    writes: { out },
    variants: MATMUL_VARIANTS,
    shapeClass: shapeClassOf(problem),
    plan: (adapter, variant) => planMatmul(operands, problem, adapter, variant),
  };
}

/**
 * "64x100x400 nt relu bias": M, K and N, which operands are transposed, the epilogue; before it the batch, with the
 * strides that matter.
 */
function shapeClassOf(problem: MatmulProblem): string {
  const { M, N, K, batch, transposeA, transposeB, activation, biasSize, aStrides, bStrides } = problem;
  const isShared = (strides: readonly number[]) => strides.every((stride) => stride === 0);
  const shared = `${isShared(aStrides) ? " sharedA" : ""}${isShared(bStrides) ? " sharedB" : ""}`;
  return [
    ...(batch > 1 ? [`${batch} of${shared}`] : []),
    `${M}x${K}x${N}`,
    `${transposeA ? "t" : "n"}${transposeB ? "t" : "n"}`,
    activation,
    ...(biasSize > 0 ? ["bias"] : []),
  ].join(" ");
}

function problemOf({ a, b, bias, out }: MatmulOperands, options: MatmulOptions): MatmulProblem {
  const { transposeA = false, transposeB = false, activation = "linear" } = options;
  const [aRows, aColumns] = dims(a.shape.slice(-2), 2);
  const [bRows, bColumns] = dims(b.shape.slice(-2), 2);
  const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const N = transposeB ? bRows : bColumns;
  const batchShape = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const biasSize = bias === undefined ? 0 : sizeOf(bias.shape);
  for (const operand of [a, b, out]) checkSize("matmul", operand);
  const axes = collapseBatch(batchShape, a.shape, b.shape);
  const base = { K, N, transposeA, transposeB, activation, biasSize };
  const only = axes[0];
  // One matrix B for all of a batch of whole As: the batch is more rows.
  if (axes.length === 1 && only !== undefined && only.b === 0 && only.a === M * K && !transposeA) {
    return { ...base, M: M * only.size, batch: 1, sizes: [1, 1, 1, 1], aStrides: [0, 0, 0, 0], bStrides: [0, 0, 0, 0] };
  }
  while (axes.length < MAX_BATCH_AXES) axes.unshift({ size: 1, a: 0, b: 0 });
  return {
    ...base,
    M,
    batch: sizeOf(batchShape),
    sizes: axes.map(({ size }) => size),
    aStrides: axes.map((axis) => axis.a),
    bStrides: axes.map((axis) => axis.b),
  };
}

/** Merges neighbouring batch axes that are one in memory for both operands, and drops those of size 1. */
function collapseBatch(batch: Shape, aShape: Shape, bShape: Shape): { size: number; a: number; b: number }[] {
  const aStrides = broadcastStrides(aShape, [...batch, ...aShape.slice(-2)]);
  const bStrides = broadcastStrides(bShape, [...batch, ...bShape.slice(-2)]);
  const axes: { size: number; a: number; b: number }[] = [];
  batch.forEach((size, index) => {
    if (size === 1) return;
    const axis = { size, a: at(aStrides, index), b: at(bStrides, index) };
    const outer = axes.at(-1);
    if (outer !== undefined && outer.a === axis.a * size && outer.b === axis.b * size) {
      axes[axes.length - 1] = { ...axis, size: outer.size * size };
    } else {
      axes.push(axis);
    }
  });
  if (axes.length > MAX_BATCH_AXES) {
    throw new ShapeError(
      `matmul: ${axes.length} batch axes that broadcast in different ways; expected at most ${MAX_BATCH_AXES}: ` +
        "broadcast one of the operands first",
      { a: aShape, b: bShape },
    );
  }
  return axes;
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
