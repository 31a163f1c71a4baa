/** Batched matrix product with bias and activation, split over K and cut into chunks where that is needed. */
import source from "../../shaders/matmul.wgsl?raw" with { type: "text" };
import { ShapeError, ValueError } from "../core/errors.ts";
import {
  type AdapterTraits,
  type BufferBinding,
  type Dispatch,
  foldGrid,
  type KernelCall,
  type KernelPlan,
  type Operand,
  type Param,
  readBuffer,
  scratchBuffer,
  u32,
  writeBuffer,
} from "../core/kernel_call.ts";
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import { checkSize } from "./check.ts";
import { type Constants, specialise } from "./specialise.ts";

/** Activations of the matmul epilogue, in the shader's numbering. */
export const MATMUL_ACTIVATIONS = ["linear", "relu", "sigmoid", "tanh", "softplus"] as const;
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

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly activation?: MatmulActivation;
}

/** A product, with its batch axes collapsed to four and their strides in elements. */
interface Problem {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batch: number;
  readonly sizes: readonly number[];
  readonly aStrides: readonly number[];
  readonly bStrides: readonly number[];
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: MatmulActivation;
  readonly biasSize: number;
}

/** How one variant cuts a product: the outputs of a workgroup, its constants, and its speed beside the others. */
interface Tiling {
  readonly rows: number;
  readonly columns: number;
  readonly constants: Constants;
  readonly speed: number;
}

const VARIANTS = ["naive", "tiled", "direct"] as const;
type Variant = (typeof VARIANTS)[number];

const MAX_BATCH_AXES = 4;
/** A split of K is at least this long, and the splits together make about so many workgroups. */
const MIN_SPLIT = 256;
const SPLIT_WORKGROUPS = { lavapipe: 16, swiftshader: 16, gpu: 256 } as const;
const COMBINE_WORKGROUP = 64;
/** Up to so many multiply-adds the plain kernel takes well under a millisecond, and compiles ten times faster than the others. */
const SMALL_PRODUCT = 2 ** 17;

/**
 * out = activation(A · B + bias), float32.
 *
 * @throws ShapeError when the shapes do not fit, more than four batch axes cannot be merged, or a tensor reaches 2^31 elements.
 * @example
 * matmulCall({ a, b, bias, out }, { activation: "relu" });
 */
export function matmulCall(operands: MatmulOperands, options: MatmulOptions = {}): KernelCall {
  const { a, b, bias, out } = operands;
  const problem = problemOf(operands, options);
  return {
    kernel: "matmul",
    reads: bias === undefined ? [a, b] : [a, b, bias],
    writes: [out],
    variants: VARIANTS,
    plan: (adapter, variant) => plan(problem, adapter, variant),
  };
}

function problemOf({ a, b, bias, out }: MatmulOperands, options: MatmulOptions): Problem {
  const { transposeA = false, transposeB = false, activation = "linear" } = options;
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `matmul: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}; expected at least two axes in each`,
      { a: a.shape, b: b.shape },
    );
  }
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [innerB, N] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (K !== innerB) {
    throw new ShapeError(
      `matmul: inner dimensions differ: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}; expected a[${transposeA ? -2 : -1}] = b[${transposeB ? -1 : -2}]`,
      { a: a.shape, b: b.shape, transposeA, transposeB },
    );
  }
  const batchShape = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const wanted = [...batchShape, M, N];
  if (!sameShape(out.shape, wanted)) {
    throw new ShapeError(`matmul: the output is ${formatShape(out.shape)}; expected ${formatShape(wanted)}`, {
      wanted,
    });
  }
  const biasSize = bias === undefined ? 0 : sizeOf(bias.shape);
  if (bias !== undefined && biasSize !== 1 && biasSize !== N) {
    throw new ShapeError(`matmul: bias is ${formatShape(bias.shape)}; expected [${N}] or []`, { bias: bias.shape, N });
  }
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
    const axis = { size, a: aStrides[index] as number, b: bStrides[index] as number };
    const outer = axes.at(-1);
    if (outer !== undefined && outer.a === axis.a * size && outer.b === axis.b * size) {
      axes[axes.length - 1] = { ...axis, size: outer.size * size };
    } else {
      axes.push(axis);
    }
  });
  if (axes.length > MAX_BATCH_AXES) {
    throw new ShapeError(
      `matmul: ${axes.length} batch axes that broadcast in different ways; expected at most ${MAX_BATCH_AXES}: broadcast one of the operands first`,
      { a: aShape, b: bShape },
    );
  }
  return axes;
}

function plan(problem: Problem, adapter: AdapterTraits, name?: string): KernelPlan {
  const variant = variantOf(problem, adapter, name);
  const { M, N, K, batch, biasSize, transposeA, transposeB } = problem;
  if (batch * M * N === 0) return { dispatches: [], scratch: [] };
  const tiling = tilingOf(problem, variant);
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
  const specialised = specialise(source, {
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
    source: specialise(source, epilogue),
    entryPoint: "combine",
    params: paramsOf(problem, splits, splitSize, [0, 0, 0]),
    buffers: [partials, partials, writeBuffer(0), bias(partials)],
    workgroups: foldGrid(Math.ceil((batch * M * N) / COMBINE_WORKGROUP), adapter),
  });
  return { dispatches, scratch: [splits * batch * M * N * 4] };
}

function variantOf({ M, N, K, batch }: Problem, { kind }: AdapterTraits, name?: string): Variant {
  if (name === undefined) {
    if (batch * M * N * K <= SMALL_PRODUCT) return "naive";
    return kind === "gpu" && M > 16 && N > 16 ? "tiled" : "direct";
  }
  const variant = VARIANTS.find((known) => known === name);
  if (variant === undefined) {
    throw new ValueError(`matmul: no variant ${name}; it has ${VARIANTS.join(", ")}`, { variant: name });
  }
  return variant;
}

function tilingOf({ M, N }: Problem, variant: Variant): Tiling {
  if (variant === "naive") return { rows: 8, columns: 8, constants: {}, speed: 0.2 };
  if (variant === "tiled") return { rows: 64, columns: 64, constants: {}, speed: 1 };
  const COLUMNS = N <= 4 ? 1 : 2;
  const ROWS = M <= 4 ? 4 : 8;
  const WIDTH = Math.min(8, powerOfTwo(Math.ceil(N / (4 * COLUMNS))));
  const HEIGHT = Math.min(64 / WIDTH, powerOfTwo(Math.ceil(M / ROWS)));
  const constants = { ROWS, COLUMNS, WIDTH, HEIGHT };
  return { rows: ROWS * HEIGHT, columns: 4 * COLUMNS * WIDTH, constants, speed: 1 };
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)));
}

/** The k of one split: all of K unless there are too few workgroups, or one of them would take too long. */
function splitSizeOf(
  { M, N, K, batch }: Problem,
  tiles: number,
  { rows, columns, speed }: Tiling,
  adapter: AdapterTraits,
) {
  const longest = (adapter.multiplyAddsPerSecond * adapter.dispatchSeconds * speed) / (rows * columns);
  const forced = Math.ceil(K / Math.max(MIN_SPLIT, longest));
  const isSmall = batch * M * N * K <= SMALL_PRODUCT;
  const useful = isSmall ? 1 : Math.min(Math.ceil(SPLIT_WORKGROUPS[adapter.kind] / tiles), Math.floor(K / MIN_SPLIT));
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
  problem: Problem,
  splits: number,
  splitSize: number,
  first: readonly [number, number, number],
): Param[] {
  const { M, N, K, batch, sizes, aStrides, bStrides, biasSize } = problem;
  const scalars = [M, N, K, splits, splitSize, ...first, batch, ...sizes.slice(1), ...aStrides, ...bStrides];
  return [...scalars, biasSize > 1 ? 1 : 0].map(u32);
}
