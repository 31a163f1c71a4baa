import { at } from "../../core/at.ts";
import { DTypeError } from "../../core/errors.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import { checkedLater, flag, ifGiven, readOptions, type TableOf, withDefault } from "../../core/option_table.ts";
import { dims, formatShape, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../../core/shape.ts";
import { defineOp, type Op, type OpReference, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { type ReduceKind, reduceCall } from "../../kernels/reduce/reduce.ts";
import { broadcastTo, reshape } from "../data/movement.ts";
import { cast, div, equal, mul } from "../elementwise/arithmetic.ts";

/** A reduction of the middle of `[outer, size, inner]`: every reduction becomes one or more of these. */
interface ReduceAttributes {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** Tensors of one shape: one when a graph is made, several when a pass joins reductions. */
interface ReduceInputs {
  readonly values: readonly Value[];
}

interface ReduceOutputs {
  readonly results: readonly Value[];
}

/** The op of a reduction. */
export type ReduceOp = Op<ReduceInputs, ReduceAttributes, ReduceOutputs>;

/** An op that reduces each of its inputs. */
function reduceOp(
  kind: ReduceKind,
  dtype: TensorType["dtype"],
  vjp: (x: Value, y: Value, dy: Value) => Value | undefined,
): ReduceOp {
  return defineOp<ReduceInputs, ReduceAttributes, ReduceOutputs>({
    kind: "kernel",
    name: `reduce_${kind}`,
    infer: ({ inputs: { values }, attributes: { outer, inner } }) => ({
      results: values.map((x) => {
        if (x.dtype !== "float32") {
          throw new DTypeError(`${kind}: got ${x.dtype}; expected float32. Use cast() first.`, { dtype: x.dtype });
        }
        return { shape: [outer, inner], dtype };
      }),
    }),
    vjp: ({ inputs: { values }, outputs: { results }, cotangents }) => ({
      values: values.map((x, index) => {
        const dy = cotangents.results[index];
        return dy && vjp(x, at(results, index), dy);
      }),
    }),
    lower: ({ inputs: { values }, outputs: { results }, attributes }) => [
      reduceCall(kind, values, results, attributes),
    ],
  });
}

/** `[outer, inner]` back to `[outer, size, inner]`. */
function spread(x: Value, y: Value): Value {
  const [outer, size, inner] = dims(x.shape, 3);
  return broadcastTo(reshape(y, [outer, 1, inner]), [outer, size, inner]);
}

const sumOp = reduceOp("sum", "float32", (x, _y, dy) => spread(x, dy));
const maxOp = reduceOp("max", "float32", (x, y, dy) => {
  const isLargest = cast(equal(x, spread(x, y)), "float32");
  return mul(isLargest, spread(x, div(dy, reduceAxes(sumOp, isLargest, [1]))));
});
const argmaxOp = reduceOp("argmax", "int32", () => undefined);

interface Step {
  readonly start: readonly [number, number];
  take(state: readonly [number, number], x: number, index: number): readonly [number, number];
  end(state: readonly [number, number]): number;
}

function fold({ data }: ReferenceArray, { outer, size, inner }: ReduceAttributes, step: Step): ReferenceArray {
  const result = new Float64Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let state = step.start;
      for (let s = 0; s < size; s++) state = step.take(state, at(data, (o * size + s) * inner + i), s);
      result[o * inner + i] = step.end(state);
    }
  }
  return { shape: [outer, inner], data: result };
}

/** The reductions in float64. */
export function reduceReferences(): readonly OpReference[] {
  const largest: Omit<Step, "end"> = {
    start: [-Infinity, 0],
    take: ([best, position], x, index) => (x > best ? [x, index] : [best, position]),
  };
  const steps: readonly [ReduceOp, Step][] = [
    [sumOp, { start: [0, 0], take: ([sum], x) => [sum + x, 0], end: ([sum]) => sum }],
    [maxOp, { ...largest, end: ([best]) => best }],
    [argmaxOp, { ...largest, end: ([, position]) => position }],
  ];
  return steps.map(([op, step]) =>
    referenceFor(op, ({ inputs: { values }, attributes }) => ({
      results: values.map((x) => fold(x, attributes, step)),
    })),
  );
}

/** Reduces runs of adjacent axes one after the other, the last run first: each is one kernel. */
function reduceAxes(op: ReduceOp, x: Value, axes: readonly number[]): Value {
  let value = x;
  let end = axes.length;
  while (end > 0) {
    let start = end - 1;
    while (start > 0 && axes[start - 1] === at(axes, start) - 1) start--;
    const from = at(axes, start);
    const to = at(axes, end - 1) + 1;
    const outer = sizeOf(value.shape.slice(0, from));
    const size = sizeOf(value.shape.slice(from, to));
    const inner = sizeOf(value.shape.slice(to));
    const shape = [...value.shape.slice(0, from), ...value.shape.slice(to)];
    // One element is its own sum and its own largest: no kernel is needed.
    if (size !== 1 || op === argmaxOp) {
      const { results } = op({ values: [reshape(value, [outer, size, inner])] }, { outer, size, inner });
      value = at(results, 0);
    }
    value = reshape(value, shape);
    end = start;
  }
  return value;
}

/** The ops of this file, which take several tensors at once. */
export const reduceOps = (): readonly ReduceOp[] => [sumOp, maxOp, argmaxOp];

/** Options of a reduction. */
export interface ReduceOptions {
  /** The axes to reduce; all of them when absent. Negative ones count from the end. */
  readonly axes?: readonly number[] | number | undefined;
  /** Keep each reduced axis with size 1. */
  readonly keepDims?: boolean;
}

const REDUCE = {
  axes: ifGiven(checkedLater<ReduceOptions["axes"]>("axes")),
  keepDims: withDefault(flag, false),
} satisfies TableOf<ReduceOptions>;

function reduction(name: string, op: ReduceOp, x: Value, options: ReduceOptions): Value {
  expectValue(name, x);
  const { axes, keepDims } = readOptions(`${name}(x)`, REDUCE, options);
  const list = normalizeAxes(name, axes, x.shape.length);
  const reduced = reduceAxes(op, x, list);
  if (!keepDims) return reduced;
  return reshape(
    reduced,
    x.shape.map((size, axis) => (list.includes(axis) ? 1 : size)),
  );
}

/** The sum over `axes`. */
export function sum(x: Value, options: ReduceOptions = {}): Value {
  return reduction("sum", sumOp, x, options);
}

/** The mean over `axes`. */
export function mean(x: Value, options: ReduceOptions = {}): Value {
  expectValue("mean", x);
  const { axes } = readOptions("mean(x)", REDUCE, options);
  const count = normalizeAxes("mean", axes, x.shape.length).reduce((size, axis) => size * at(x.shape, axis), 1);
  return count === 1 ? sum(x, options) : mul(sum(x, options), 1 / count);
}

/** The largest element over `axes`; where several are largest the gradient is shared among them. */
export function max(x: Value, options: ReduceOptions = {}): Value {
  return reduction("max", maxOp, x, options);
}

/** The index (int32) of the largest element along `axis`; the first one among equals. */
export function argmax(x: Value, axis = -1): Value {
  expectValue("argmax", x);
  return reduceAxes(argmaxOp, x, [normalizeAxis("argmax", axis, x.shape.length)]);
}

/** Sums a broadcast value down to `shape`: the inverse of broadcasting. */
export function sumTo(value: Value, shape: Shape): Value {
  const lead = value.shape.length - shape.length;
  const axes = value.shape.flatMap((size, axis) => {
    const own = axis < lead ? 1 : at(shape, axis - lead);
    return own === 1 && (axis < lead || size !== 1) ? [axis] : [];
  });
  if (lead < 0) throw new Error(`sumTo: ${formatShape(value.shape)} cannot come from ${formatShape(shape)}`);
  return reshape(reduceAxes(sumOp, value, axes), shape);
}
