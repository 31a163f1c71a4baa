import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type OpReference, type ReferenceArray } from "../../graph/op.ts";
import { constant, type Value } from "../../graph/operation.ts";
import { topKCall } from "../../kernels/search/top_k.ts";
import { scatterAdd } from "../data/gather.ts";
import { reshape } from "../data/reshape.ts";
import { add } from "../elementwise/arithmetic.ts";

const topKOp = defineOp<{ readonly k: number }>({
  kind: "kernel",
  name: "topK",
  infer: ({ inputs: [x], attributes: { k } }) => {
    const { shape, dtype } = x as TensorType;
    if (dtype !== "float32")
      throw new DTypeError(`topK: x is ${dtype}; expected float32. Use cast() first.`, { dtype });
    const size = shape.at(-1) ?? 0;
    if (!(Number.isInteger(k) && k >= 1 && k <= size)) {
      throw new ShapeError(
        `topK: k is ${k} and x is ${formatShape(shape)}; expected a whole number from 1 to ${size}, the length of x's last axis`,
        { shape, k },
      );
    }
    const out = [...shape.slice(0, -1), k];
    return [
      { shape: out, dtype: "float32" },
      { shape: out, dtype: "int32" },
    ];
  },
  vjp: ({ inputs: [x], outputs: [, indices], cotangents: [dy] }) => {
    const { shape } = x as Value;
    const size = shape.at(-1) as number;
    const rows = sizeOf(shape) / size;
    const first = { shape: [rows, 1], data: Int32Array.from({ length: rows }, (_, row) => row * size) };
    const [places, updates] = [indices as Value, dy as Value].map((value) => reshape(value, [rows, -1]));
    const sums = scatterAdd(updates as Value, add(places as Value, constant(first)), rows * size);
    return [reshape(sums, shape)];
  },
  lower: ({ inputs: [x], outputs: [values, indices], attributes: { k } }) => [
    topKCall(x as Operand, values as Operand, indices as Operand, k),
  ],
});

export const topKReference: OpReference<{ readonly k: number }> = {
  op: topKOp,
  reference: ({ inputs: [x], outputs, attributes: { k } }) => {
    const { shape, data } = x as ReferenceArray;
    const size = shape.at(-1) as number;
    const values = new Float64Array(sizeOf(outputs[0]?.shape ?? []));
    const indices = new Float64Array(values.length);
    for (let row = 0; row < data.length / size; row++) {
      const numbers = data.subarray(row * size, (row + 1) * size);
      const order = Array.from(numbers.keys()).sort((a, b) => (numbers[b] as number) - (numbers[a] as number) || a - b);
      const taken = order.slice(0, k).sort((a, b) => a - b);
      indices.set(taken, row * k);
      values.set(
        taken.map((index) => numbers[index] as number),
        row * k,
      );
    }
    return [values, indices].map((array) => ({ shape: outputs[0]?.shape ?? [], data: array }));
  },
};

/**
 * The k largest numbers along the last axis, and their places: x `[..., N]` -> values `[..., k]` and indices `[..., k]` (int32),
 * in the order of the indices. Of equal numbers those that come first are taken.
 *
 * @throws ShapeError when k is not 1 … N; DTypeError when x is not float32.
 * @example
 * const { values, indices } = topK(scores, 10);
 */
export function topK(x: Value, k: number): { readonly values: Value; readonly indices: Value } {
  const [values, indices] = topKOp([x], { k }) as [Value, Value];
  return { values, indices };
}
