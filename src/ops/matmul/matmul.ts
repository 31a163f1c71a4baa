import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand } from "../../core/kernel_call.ts";
import { broadcastShapes, broadcastStrides, formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { type MatmulActivation, matmulCall } from "../../kernels/matmul/matmul.ts";
import { reshape } from "../data/reshape.ts";
import { exp, greater, mul, sub, where } from "../elementwise/arithmetic.ts";

/** `hasBias` and `activation` are set by the epilogue pass; a person writes add() and relu(). */
export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly hasBias: boolean;
  readonly activation: MatmulActivation;
}

export const matmulOp = defineOp<MatmulAttributes>({
  kind: "kernel",
  name: "matmul",
  infer: ({ inputs, attributes: { transposeA, transposeB, hasBias } }) => {
    const [a, b, bias] = inputs;
    if (a?.dtype !== "float32" || b?.dtype !== "float32") {
      throw new DTypeError(`matmul: got ${a?.dtype} and ${b?.dtype}; expected float32. Use cast() first.`);
    }
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(
        `matmul: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}; expected two axes or more on both. Use reshape() first.`,
        { a: a.shape, b: b.shape },
      );
    }
    const [m, k] = matrixOf(a.shape, transposeA);
    const [inner, n] = matrixOf(b.shape, transposeB);
    if (k !== inner) {
      throw new ShapeError(
        `matmul: inner dimensions differ: a is ${formatShape(a.shape)}${transposeA ? " transposed" : ""}, b is ${formatShape(b.shape)}${transposeB ? " transposed" : ""}; expected a[${transposeA ? -2 : -1}] = b[${transposeB ? -1 : -2}]`,
        { a: a.shape, b: b.shape },
      );
    }
    if (hasBias && bias?.shape.at(-1) !== n) {
      throw new ShapeError(`matmul: bias is ${formatShape(bias?.shape ?? [])}; expected [${n}]`, {
        bias: bias?.shape,
        n,
      });
    }
    const batch = broadcastShapes("matmul: batch axes", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...batch, m, n], dtype: "float32" }];
  },
  vjp: ({ inputs, outputs: [y], cotangents: [dy], attributes: { transposeA, transposeB, hasBias, activation } }) => {
    const [a, b] = inputs as [Value, Value];
    const dz = activation === "linear" ? (dy as Value) : mul(dy as Value, slope(activation, y as Value));
    const da = transposeA
      ? matmul(b, dz, { transposeA: transposeB, transposeB: true })
      : matmul(dz, b, { transposeB: !transposeB });
    const db = transposeB
      ? matmul(dz, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dz, { transposeA: !transposeA });
    return hasBias ? [da, db, dz] : [da, db];
  },
  lower: ({ inputs, outputs: [out], attributes: { transposeA, transposeB, activation } }) => {
    const [a, b, bias] = inputs as [Operand, Operand, Operand?];
    const operands = { a, b, out: out as Operand };
    return [matmulCall(bias === undefined ? operands : { ...operands, bias }, { transposeA, transposeB, activation })];
  },
});

export const matmulReference: OpReference<MatmulAttributes> = {
  op: matmulOp,
  reference: ({ inputs, outputs: [output], attributes: { transposeA, transposeB, activation } }) => {
    const [a, b, bias] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray?];
    const shape = output?.shape ?? [];
    const [m, k] = matrixOf(a.shape, transposeA);
    const [, n] = matrixOf(b.shape, transposeB);
    const batch = shape.slice(0, -2);
    const data = new Float64Array(sizeOf(shape));
    const aBatch = broadcastStrides(a.shape.slice(0, -2), batch);
    const bBatch = broadcastStrides(b.shape.slice(0, -2), batch);
    for (let index = 0; index < sizeOf(batch); index++) {
      let aOffset = 0;
      let bOffset = 0;
      let rest = index;
      for (let axis = batch.length - 1; axis >= 0; axis--) {
        const coordinate = rest % (batch[axis] as number);
        rest = Math.floor(rest / (batch[axis] as number));
        aOffset += coordinate * (aBatch[axis] as number) * m * k;
        bOffset += coordinate * (bBatch[axis] as number) * k * n;
      }
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let total = bias === undefined ? 0 : (bias.data[column] as number);
          for (let i = 0; i < k; i++) {
            const left = a.data[aOffset + (transposeA ? i * m + row : row * k + i)] as number;
            const right = b.data[bOffset + (transposeB ? column * k + i : i * n + column)] as number;
            total += left * right;
          }
          data[(index * m + row) * n + column] = ACTIVATIONS[activation](total);
        }
      }
    }
    return [{ shape, data }];
  },
};

const ACTIVATIONS: Readonly<Record<MatmulActivation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

/** An activation's derivative, from its output. */
function slope(activation: Exclude<MatmulActivation, "linear">, y: Value): Value {
  switch (activation) {
    case "relu":
      return where(greater(y, 0), scalar(1), scalar(0));
    case "sigmoid":
      return mul(y, sub(1, y));
    case "tanh":
      return sub(1, mul(y, y));
    case "softplus":
      return sub(1, exp(mul(y, -1)));
  }
}

function matrixOf(shape: readonly number[], isTransposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** Options of `matmul`. */
export interface MatmulOptions {
  /** Read a as if its last two axes were exchanged. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The matrix product over the last two axes; batch axes broadcast.
 * a `[..., M, K]`, b `[..., K, N]` -> `[..., M, N]`.
 * @throws ShapeError when the inner sizes differ.
 */
export function matmul(a: Value, b: Value, { transposeA = false, transposeB = false }: MatmulOptions = {}): Value {
  const attributes: MatmulAttributes = { transposeA, transposeB, hasBias: false, activation: "linear" };
  // Many rows against one matrix are one tall product: its gradient by b is then one product too, not one per batch.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const [rows, k] = [a.shape.slice(0, -1), a.shape.at(-1) as number];
    const flat = only(matmulOp([reshape(a, [sizeOf(rows), k]), b], attributes));
    return reshape(flat, [...rows, flat.shape[1] as number]);
  }
  return only(matmulOp([a, b], attributes));
}
