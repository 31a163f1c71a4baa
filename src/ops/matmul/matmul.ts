import { at } from "../../core/at.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { flag, readOptions, type TableOf, withDefault } from "../../core/option_table.ts";
import { broadcastShapes, broadcastStrides, dims, formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type Out, referenceFor } from "../../graph/op.ts";
import { expectValue, scalar, type Value } from "../../graph/operation.ts";
import { type MatmulActivation, matmulCall } from "../../kernels/matmul/matmul.ts";
import { reshape } from "../data/movement.ts";
import { exp, greater, mul, sub, where } from "../elementwise/arithmetic.ts";

/** `bias` is given by the epilogue pass; a person writes add(). */
export interface MatmulInputs {
  readonly a: Value;
  readonly b: Value;
  readonly bias?: Value;
}

/** `activation` is set by the epilogue pass; a person writes relu(). */
export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly activation: MatmulActivation;
}

export const matmulOp = defineOp<MatmulInputs, MatmulAttributes, Out>({
  kind: "kernel",
  name: "matmul",
  infer: ({ inputs: { a, b, bias }, attributes: { transposeA, transposeB } }) => {
    if (a.dtype !== "float32" || b.dtype !== "float32") {
      throw new DTypeError(`matmul: got ${a.dtype} and ${b.dtype}; expected float32. Use cast() first.`);
    }
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(
        `matmul: a is ${formatShape(a.shape)}, b is ${formatShape(b.shape)}; expected two axes or more on both. ` +
          "Use reshape() first.",
        { a: a.shape, b: b.shape },
      );
    }
    const [m, k] = matrixOf(a.shape, transposeA);
    const [inner, n] = matrixOf(b.shape, transposeB);
    if (k !== inner) {
      throw new ShapeError(
        `matmul: inner dimensions differ: a is ${formatShape(a.shape)}${transposeA ? " transposed" : ""}, b is ` +
          `${formatShape(b.shape)}${transposeB ? " transposed" : ""}; expected a[${transposeA ? -2 : -1}] = ` +
          `b[${transposeB ? -1 : -2}]`,
        { a: a.shape, b: b.shape },
      );
    }
    if (bias !== undefined && bias.shape.at(-1) !== n) {
      throw new ShapeError(`matmul: bias is ${formatShape(bias.shape)}; expected [${n}]`, { bias: bias.shape, n });
    }
    const batch = broadcastShapes("matmul: batch axes", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { out: { shape: [...batch, m, n], dtype: "float32" } };
  },
  vjp: ({ inputs: { a, b, bias }, outputs, cotangents, attributes: { transposeA, transposeB, activation } }) => {
    const dy = cotangents.out;
    const dz = activation === "linear" ? dy : mul(dy, slope(activation, outputs.out));
    const da = transposeA
      ? matmul(b, dz, { transposeA: transposeB, transposeB: true })
      : matmul(dz, b, { transposeB: !transposeB });
    const db = transposeB
      ? matmul(dz, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dz, { transposeA: !transposeA });
    return { a: da, b: db, ...(bias && { bias: dz }) };
  },
  lower: ({ inputs, outputs: { out }, attributes }) => [matmulCall({ ...inputs, out }, attributes)],
});

export const matmulReference = referenceFor(
  matmulOp,
  ({ inputs: { a, b, bias }, outputs, attributes: { transposeA, transposeB, activation } }) => {
    const { shape } = outputs.out;
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
        const size = at(batch, axis);
        const coordinate = rest % size;
        rest = Math.floor(rest / size);
        aOffset += coordinate * at(aBatch, axis) * m * k;
        bOffset += coordinate * at(bBatch, axis) * k * n;
      }
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let total = bias === undefined ? 0 : at(bias.data, column);
          for (let i = 0; i < k; i++) {
            const left = at(a.data, aOffset + (transposeA ? i * m + row : row * k + i));
            const right = at(b.data, bOffset + (transposeB ? column * k + i : i * n + column));
            total += left * right;
          }
          data[(index * m + row) * n + column] = ACTIVATIONS[activation](total);
        }
      }
    }
    return { out: { shape, data } };
  },
);

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
  const [rows, columns] = dims(shape.slice(-2), 2);
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** Options of `matmul`. */
export interface MatmulOptions {
  /** Read a as if its last two axes were exchanged. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const MATMUL = {
  transposeA: withDefault(flag, false),
  transposeB: withDefault(flag, false),
} satisfies TableOf<MatmulOptions>;

/**
 * The matrix product over the last two axes; batch axes broadcast.
 * a `[..., M, K]`, b `[..., K, N]` -> `[..., M, N]`.
 * @throws ShapeError when the inner sizes differ.
 */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  expectValue("matmul", a, b);
  const { transposeA, transposeB } = readOptions("matmul(a, b)", MATMUL, options);
  const attributes: MatmulAttributes = { transposeA, transposeB, activation: "linear" };
  // Many rows against one matrix are one tall product: its gradient by b is then one product too, not one per batch.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const rows = a.shape.slice(0, -1);
    const { out } = matmulOp({ a: reshape(a, [sizeOf(rows), at(a.shape, rows.length)]), b }, attributes);
    return reshape(out, [...rows, at(out.shape, 1)]);
  }
  return matmulOp({ a, b }, attributes).out;
}
