import { DTypeError } from "../../core/errors.ts";
import type { Operand } from "../../core/kernel_call.ts";
import { normalizeAxis } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { softmaxCall } from "../../kernels/reduce/softmax.ts";
import { transpose } from "../data/movement.ts";
import { reshape } from "../data/reshape.ts";
import { exp, mul, sub } from "../elementwise/arithmetic.ts";
import { sum } from "./reduce.ts";

/** Softmax of the rows of `[rows, size]`. */
const softmaxOp = defineOp<{ readonly log: boolean }>({
  kind: "kernel",
  name: "softmax",
  infer: ({ inputs: [x] }) => {
    if (x?.dtype !== "float32") throw new DTypeError(`softmax: got ${x?.dtype}; expected float32`, { dtype: x?.dtype });
    return [x];
  },
  vjp: ({ outputs: [y], cotangents: [cotangent], attributes: { log } }) => {
    const [p, dy] = [y as Value, cotangent as Value];
    if (log) return [sub(dy, mul(exp(p), sum(dy, { axes: -1, keepDims: true })))];
    return [mul(p, sub(dy, sum(mul(dy, p), { axes: -1, keepDims: true })))];
  },
  lower: ({ inputs: [x], outputs: [y], attributes: { log } }) => {
    const [rows, size] = (x as Operand).shape as [number, number];
    return [softmaxCall(x as Operand, y as Operand, { rows, size, log })];
  },
});

export const softmaxReference: OpReference<{ readonly log: boolean }> = {
  op: softmaxOp,
  reference: ({ inputs: [x], attributes: { log } }) => {
    const { shape, data } = x as ReferenceArray;
    const size = shape[1] as number;
    const result = new Float64Array(data.length);
    for (let start = 0; start < data.length; start += size) {
      const row = data.subarray(start, start + size);
      const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = row.reduce((a, b) => a + Math.exp(b - largest), 0);
      row.forEach((value, index) => {
        result[start + index] = log ? value - largest - Math.log(total) : Math.exp(value - largest) / total;
      });
    }
    return [{ shape, data: result }];
  },
};

function alongAxis(x: Value, axis: number, log: boolean): Value {
  const rank = x.shape.length;
  const at = rank === 0 ? -1 : normalizeAxis(log ? "logSoftmax" : "softmax", axis, rank);
  if (at >= 0 && at < rank - 1) {
    // The two axes change places and back.
    const order = x.shape.map((_, d) => (d === at ? rank - 1 : d === rank - 1 ? at : d));
    return transpose(alongAxis(transpose(x, order), -1, log), order);
  }
  const rows = reshape(x, [-1, x.shape.at(-1) ?? 1]);
  return reshape(only(softmaxOp([rows], { log })), x.shape);
}

/** exp(x) / Σ exp(x) along `axis`, the last one when absent. */
export function softmax(x: Value, axis = -1): Value {
  return alongAxis(x, axis, false);
}

/** The logarithm of softmax along `axis`, without loss at large logits. */
export function logSoftmax(x: Value, axis = -1): Value {
  return alongAxis(x, axis, true);
}
