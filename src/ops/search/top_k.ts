import { at } from "../../core/at.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { positive, readValue } from "../../core/option_table.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { defineOp, referenceFor } from "../../graph/op.ts";
import { constant, expectValue, type Value } from "../../graph/operation.ts";
import { topKCall } from "../../kernels/search/top_k.ts";
import { scatterAdd } from "../data/gather.ts";
import { reshape } from "../data/movement.ts";
import { add } from "../elementwise/arithmetic.ts";

interface TopKInputs {
  readonly x: Value;
}

/** What `topK` gives. */
export interface TopK {
  /** float32 `[..., k]`. */
  readonly values: Value;
  /** int32 `[..., k]`. */
  readonly indices: Value;
}

const topKOp = defineOp<TopKInputs, { readonly k: number }, TopK>({
  kind: "kernel",
  name: "topK",
  infer: ({ inputs: { x }, attributes: { k } }) => {
    const { shape, dtype } = x;
    if (dtype !== "float32")
      throw new DTypeError(`topK: x is ${dtype}; expected float32. Use cast() first.`, { dtype });
    const size = shape.at(-1) ?? 0;
    if (!(Number.isInteger(k) && k >= 1 && k <= size)) {
      throw new ShapeError(
        `topK: k is ${k} and x is ${formatShape(shape)}; expected a whole number from 1 to ${size}, the length ` +
          "of x's last axis",
        { shape, k },
      );
    }
    const taken = [...shape.slice(0, -1), k];
    return { values: { shape: taken, dtype: "float32" }, indices: { shape: taken, dtype: "int32" } };
  },
  vjp: ({ inputs: { x }, outputs: { indices }, cotangents: { values: dy } }) => {
    if (dy === undefined) return {};
    const size = at(x.shape, x.shape.length - 1);
    const rows = sizeOf(x.shape) / size;
    const first = { shape: [rows, 1], data: Int32Array.from({ length: rows }, (_, row) => row * size) };
    const places = reshape(indices, [rows, -1]);
    const updates = reshape(dy, [rows, -1]);
    return { x: reshape(scatterAdd(updates, add(places, constant(first)), rows * size), x.shape) };
  },
  lower: ({ inputs: { x }, outputs: { values, indices }, attributes: { k } }) => [topKCall(x, values, indices, k)],
});

export const topKReference = referenceFor(topKOp, ({ inputs: { x }, outputs, attributes: { k } }) => {
  const { shape } = outputs.values;
  const size = at(x.shape, x.shape.length - 1);
  const values = new Float64Array(sizeOf(shape));
  const indices = new Float64Array(values.length);
  for (let row = 0; row < x.data.length / size; row++) {
    const numbers = x.data.subarray(row * size, (row + 1) * size);
    const order = Array.from(numbers.keys()).sort((a, b) => at(numbers, b) - at(numbers, a) || a - b);
    const taken = order.slice(0, k).sort((a, b) => a - b);
    indices.set(taken, row * k);
    values.set(
      taken.map((index) => at(numbers, index)),
      row * k,
    );
  }
  return { values: { shape, data: values }, indices: { shape, data: indices } };
});

/**
 * The k largest numbers along the last axis, and their places: x `[..., N]` -> values `[..., k]` and indices `[..., k]`
 * (int32), in the order of the indices. Of equal numbers those that come first are taken.
 *
 * @throws ShapeError when k is not 1 … N; DTypeError when x is not float32.
 * @example
 * const { values, indices } = topK(scores, 10);
 */
export function topK(x: Value, k: number): TopK {
  expectValue("topK", x);
  readValue("topK", "k", positive, k);
  const { values, indices } = topKOp({ x }, { k });
  return { values, indices };
}
