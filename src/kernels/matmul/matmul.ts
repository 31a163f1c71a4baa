/** Batched matrix product with bias and activation, split over K and cut into chunks where that is needed. */
import { at } from "../../core/at.ts";
import { ShapeError } from "../../core/errors.ts";
import type { KernelCall } from "../../core/kernel_call.ts";
import { broadcastShapes, broadcastStrides, dims, type Shape, sizeOf } from "../../core/shape.ts";
import { checkSize } from "../check.ts";
import {
  MATMUL_ACTIVATIONS,
  type MatmulActivation,
  type MatmulOperands,
  type MatmulProblem,
  planMatmul,
} from "./matmul_plan.ts";
import { MATMUL_VARIANTS } from "./matmul_shader.ts";

export { MATMUL_ACTIVATIONS, type MatmulActivation, type MatmulOperands };

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
