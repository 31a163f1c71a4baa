import { at } from "../../core/at.ts";
import { DTypeError } from "../../core/errors.ts";
import { dims, normalizeAxis } from "../../core/shape.ts";
import { defineOp, type Out, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { softmaxCall } from "../../kernels/reduce/softmax.ts";
import { reshape, transpose } from "../data/movement.ts";
import { exp, mul, sub } from "../elementwise/arithmetic.ts";
import { sum } from "./reduce.ts";

interface Input {
  readonly x: Value;
}

/** Softmax of the rows of `[rows, size]`. */
const softmaxOp = defineOp<Input, { readonly log: boolean }, Out>({
  kind: "kernel",
  name: "softmax",
  infer: ({ inputs: { x } }) => {
    if (x.dtype !== "float32") throw new DTypeError(`softmax: got ${x.dtype}; expected float32`, { dtype: x.dtype });
    return { out: { shape: x.shape, dtype: x.dtype } };
  },
  vjp: ({ outputs: { out: p }, cotangents: { out: dy }, attributes: { log } }) => {
    if (log) return { x: sub(dy, mul(exp(p), sum(dy, { axes: -1, keepDims: true }))) };
    return { x: mul(p, sub(dy, sum(mul(dy, p), { axes: -1, keepDims: true }))) };
  },
  lower: ({ inputs: { x }, outputs: { out }, attributes: { log } }) => {
    const [rows, size] = dims(x.shape, 2);
    return [softmaxCall(x, out, { rows, size, log })];
  },
});

export const softmaxReference = referenceFor(softmaxOp, ({ inputs: { x }, attributes: { log } }) => {
  const { shape, data } = x;
  const size = at(shape, 1);
  const result = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    const row = data.subarray(start, start + size);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = row.reduce((a, b) => a + Math.exp(b - largest), 0);
    row.forEach((value, index) => {
      result[start + index] = log ? value - largest - Math.log(total) : Math.exp(value - largest) / total;
    });
  }
  return { out: { shape, data: result } };
});

function alongAxis(x: Value, axis: number, log: boolean): Value {
  expectValue(log ? "logSoftmax" : "softmax", x);
  const rank = x.shape.length;
  const along = rank === 0 ? -1 : normalizeAxis(log ? "logSoftmax" : "softmax", axis, rank);
  if (along >= 0 && along < rank - 1) {
    // The two axes change places and back.
    const order = x.shape.map((_, d) => (d === along ? rank - 1 : d === rank - 1 ? along : d));
    return transpose(alongAxis(transpose(x, order), -1, log), order);
  }
  const rows = reshape(x, [-1, x.shape.at(-1) ?? 1]);
  return reshape(softmaxOp({ x: rows }, { log }).out, x.shape);
}

/** exp(x) / Σ exp(x) along `axis`, the last one when absent. */
export function softmax(x: Value, axis = -1): Value {
  return alongAxis(x, axis, false);
}

/** The logarithm of softmax along `axis`, without loss at large logits. */
export function logSoftmax(x: Value, axis = -1): Value {
  return alongAxis(x, axis, true);
}
