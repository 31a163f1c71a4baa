/**
 * Ops that give elements another shape or place without changing them. reshape is a view; broadcastTo is fused with the
 * elementwise ops around it; transpose, slice, pad, concat, stack and reverse all lower to one strided copy.
 */

import { at } from "../../core/at.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { checkShape } from "../../core/nd_array.ts";
import { integer, listOf, readValue } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import {
  broadcastShapes,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "../../core/shape.ts";
import { defineOp, type Op, type OpReference, type Out, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { type CopyPart, copyCall } from "../../kernels/data/copy.ts";

interface Input {
  readonly x: Value;
}

interface ToShape {
  readonly shape: Shape;
}

/** The op behind `reshape`, for passes that look for it. */
export const reshapeOp = defineOp<Input, ToShape, Out>({
  kind: "view",
  name: "reshape",
  infer: ({ inputs: { x }, attributes: { shape } }) => {
    const from = x.shape;
    if (sizeOf(from) !== sizeOf(shape)) {
      throw new ShapeError(
        `reshape: ${formatShape(from)} holds ${sizeOf(from)} elements, ${formatShape(shape)} ${sizeOf(shape)}; ` +
          "expected the same number",
        { from, to: shape },
      );
    }
    return { out: { shape, dtype: x.dtype } };
  },
  vjp: ({ inputs: { x }, cotangents: { out } }) => ({ x: reshape(out, x.shape) }),
});

/** The same elements under another shape; one axis may be −1 and is worked out. Costs nothing. */
export function reshape(x: Value, shape: Shape): Value {
  expectValue("reshape", x);
  if (!Array.isArray(shape)) throw new ShapeError(`reshape: shape is ${shown(shape)}; expected a list of sizes`);
  const open = shape.indexOf(-1);
  const known = shape.reduce((size, axis) => (axis === -1 ? size : size * axis), 1);
  const target = open < 0 ? [...shape] : shape.map((axis) => (axis === -1 ? sizeOf(x.shape) / known : axis));
  if (target.some((axis) => !Number.isInteger(axis) || axis < 0)) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} cannot become ${formatShape(shape)}; expected whole sizes and at most one −1`,
      { from: x.shape, to: shape },
    );
  }
  return sameShape(x.shape, target) ? x : reshapeOp({ x }, { shape: target }).out;
}

/** The op behind `broadcastTo`, for passes that look for it. */
export const broadcastToOp = defineOp<Input, ToShape, Out>({
  kind: "elementwise",
  name: "broadcastTo",
  infer: ({ inputs: { x }, attributes: { shape } }) => {
    const from = x.shape;
    if (!sameShape(broadcastShapes("broadcastTo", from, shape), shape)) {
      throw new ShapeError(`broadcastTo: ${formatShape(from)} does not broadcast to ${formatShape(shape)}`, {
        from,
        to: shape,
      });
    }
    return { out: { shape, dtype: x.dtype } };
  },
  vjp: ({ cotangents: { out } }) => ({ x: out }),
  compute: ({ x }) => x,
});

/** x repeated along axes of size 1, by NumPy's rule. */
export function broadcastTo(x: Value, shape: Shape): Value {
  expectValue("broadcastTo", x);
  return sameShape(x.shape, checkShape(shape, "broadcastTo")) ? x : broadcastToOp({ x }, { shape: [...shape] }).out;
}

/** Inserts an axis of size 1 before `axis`. */
export function expandDims(x: Value, axis: number): Value {
  expectValue("expandDims", x);
  const at = normalizeAxis("expandDims", axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Whole numbers, one for each axis. */
const whole = listOf(integer);

interface Input {
  readonly x: Value;
}

/** A movement of one tensor: the output's shape, the box that is copied, and the gradient. */
interface Movement<A> {
  readonly name: string;
  shape(from: Shape, attributes: A): Shape;
  part(from: Shape, to: Shape, attributes: A): Omit<CopyPart, "input" | "shape" | "outStrides" | "outOffset">;
  vjp(x: Value, dy: Value, attributes: A): Value;
}

/** The op of a movement, with the box that it copies. */
interface MovementOp<A> extends Op<Input, A, Out> {
  partOf(from: Shape, to: Shape, attributes: A): CopyPart;
}

function defineMovement<A>({ name, shape, part, vjp }: Movement<A>): MovementOp<A> {
  const partOf = (from: Shape, to: Shape, attributes: A): CopyPart => ({
    input: 0,
    shape: to,
    outStrides: stridesOf(to),
    outOffset: 0,
    ...part(from, to, attributes),
  });
  const op = defineOp<Input, A, Out>({
    kind: "kernel",
    name,
    infer: ({ inputs: { x }, attributes }) => ({ out: { shape: shape(x.shape, attributes), dtype: x.dtype } }),
    vjp: ({ inputs: { x }, cotangents: { out }, attributes }) => ({ x: vjp(x, out, attributes) }),
    lower: ({ inputs: { x }, outputs: { out }, attributes }) => [
      copyCall([x], out, [partOf(x.shape, out.shape, attributes)]),
    ],
  });
  return Object.assign(op, { partOf });
}

const transposeOp = defineMovement<{ readonly permutation: readonly number[] }>({
  name: "transpose",
  shape: (from, { permutation }) => permutation.map((axis) => at(from, axis)),
  part: (from, _to, { permutation }) => {
    const strides = stridesOf(from);
    return { inStrides: permutation.map((axis) => at(strides, axis)), inOffset: 0 };
  },
  vjp: (_x, dy, { permutation }) =>
    transpose(
      dy,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
});

/** Axes in another order; reversed when `permutation` is absent. */
export function transpose(x: Value, permutation?: readonly number[]): Value {
  expectValue("transpose", x);
  const rank = x.shape.length;
  if (permutation !== undefined) readValue("transpose", "permutation", whole, permutation);
  const order = permutation ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (normalizeAxes("transpose", order, rank).length !== rank) {
    throw new ShapeError(`transpose: the permutation ${formatShape(order)} must name each of the ${rank} axes once`, {
      permutation: order,
      shape: x.shape,
    });
  }
  return transposeOp({ x }, { permutation: order.map((axis) => normalizeAxis("transpose", axis, rank)) }).out;
}

/** The op behind `slice`, for passes that look for it. */
export const sliceOp = defineMovement<{ readonly begin: readonly number[]; readonly size: readonly number[] }>({
  name: "slice",
  shape: (from, { begin, size }) => {
    const isInside = (axis: number, d: number) => {
      const [start = -1, length = -1] = [begin[d], size[d]];
      return start >= 0 && length >= 0 && start + length <= axis;
    };
    if (begin.length !== from.length || size.length !== from.length || !from.every(isInside)) {
      throw new ShapeError(
        `slice: begin ${formatShape(begin)} with size ${formatShape(size)} reaches outside ${formatShape(from)}; ` +
          "expected 0 ≤ begin and begin + size ≤ the axis, one of each per axis",
        { begin, size, shape: from },
      );
    }
    return size;
  },
  part: (from, _to, { begin }) => {
    const inStrides = stridesOf(from);
    return { inStrides, inOffset: begin.reduce((offset, start, axis) => offset + start * at(inStrides, axis), 0) };
  },
  vjp: (x, dy, { begin }) => padOp({ x: dy }, { before: begin, shape: x.shape }).out,
});

/** The box that starts at `begin` and has the shape `size`. */
export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
  expectValue("slice", x);
  const box = { begin: readValue("slice", "begin", whole, begin), size: readValue("slice", "size", whole, size) };
  return sliceOp({ x }, box).out;
}

interface PadAttributes {
  readonly before: readonly number[];
  readonly shape: Shape;
}

/** Puts x at `before` in zeros of `shape`; what reaches outside is cut. */
const padOp: MovementOp<PadAttributes> = defineMovement<PadAttributes>({
  name: "pad",
  shape: (_from, { shape }) => shape,
  part: (from, _to, { before }) => ({ inStrides: stridesOf(from), inOffset: 0, before, inside: from }),
  // The way back shifts the other way; what the pad cut off gets zeros.
  vjp: (x, dy, { before }) => padOp({ x: dy }, { before: before.map((count) => -count), shape: x.shape }).out,
});

/** x inside zeros: `before[d]` and `after[d]` of them along each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  expectValue("pad", x);
  readValue("pad", "before", whole, before);
  readValue("pad", "after", whole, after);
  const shape = x.shape.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0));
  return padOp({ x }, { before: x.shape.map((_, axis) => before[axis] ?? 0), shape }).out;
}

/** x `[B, T, ...]` one step later along time: zeros first, the last step dropped. */
export function shiftTime(x: Value): Value {
  return padOp({ x }, { before: x.shape.map((_, axis) => Number(axis === 1)), shape: x.shape }).out;
}

/** The op behind `reverse`, for passes that look for it. */
export const reverseOp = defineMovement<{ readonly axis: number }>({
  name: "reverse",
  shape: (from) => from,
  part: (from, _to, { axis }) => {
    const strides = stridesOf(from);
    return {
      inStrides: strides.map((stride, d) => (d === axis ? -stride : stride)),
      inOffset: (at(from, axis) - 1) * at(strides, axis),
    };
  },
  vjp: (_x, dy, { axis }) => reverse(dy, axis),
});

/** Elements along `axis` in reverse order. */
export function reverse(x: Value, axis: number): Value {
  expectValue("reverse", x);
  return reverseOp({ x }, { axis: normalizeAxis("reverse", axis, x.shape.length) }).out;
}

interface ConcatInputs {
  readonly values: readonly Value[];
}

interface ConcatAttributes {
  readonly axis: number;
}

const concatOp = defineOp<ConcatInputs, ConcatAttributes, Out>({
  kind: "kernel",
  name: "concat",
  infer: ({ inputs: { values }, attributes: { axis } }) => {
    const [first] = values;
    if (first === undefined) throw new ShapeError("concat: got no tensors; expected at least one");
    const dtypes = values.map(({ dtype }) => dtype);
    if (dtypes.some((dtype) => dtype !== first.dtype)) {
      throw new DTypeError(`concat: got ${dtypes.join(" and ")}; expected one dtype`, { dtypes });
    }
    const shapes = values.map(({ shape }) => shape);
    const fits = (shape: Shape) =>
      shape.length === first.shape.length && shape.every((size, d) => d === axis || size === first.shape[d]);
    if (!shapes.every(fits)) {
      throw new ShapeError(
        `concat: ${shapes.map(formatShape).join(" and ")} differ outside axis ${axis}; expected equal sizes there`,
        { shapes, axis },
      );
    }
    const total = shapes.reduce((sum, shape) => sum + at(shape, axis), 0);
    return { out: { shape: first.shape.map((size, d) => (d === axis ? total : size)), dtype: first.dtype } };
  },
  vjp: ({ inputs: { values }, cotangents: { out }, attributes: { axis } }) => {
    let start = 0;
    return {
      values: values.map(({ shape }) => {
        const begin = shape.map((_, d) => (d === axis ? start : 0));
        start += at(shape, axis);
        return slice(out, begin, shape);
      }),
    };
  },
  lower: ({ inputs: { values }, outputs: { out }, attributes }) => [
    copyCall(values, out, concatParts(values, out.shape, attributes)),
  ],
});

function concatParts(
  values: readonly { readonly shape: Shape }[],
  to: Shape,
  { axis }: ConcatAttributes,
): readonly CopyPart[] {
  const outStrides = stridesOf(to);
  let start = 0;
  return values.map(({ shape }, input) => {
    const outOffset = start * at(outStrides, axis);
    start += at(shape, axis);
    return { input, shape, inStrides: stridesOf(shape), inOffset: 0, outStrides, outOffset };
  });
}

/** Tensors one after the other along `axis`. */
export function concat(values: readonly Value[], axis = -1): Value {
  const [first] = Array.isArray(values) ? values : [];
  if (first === undefined) throw new ShapeError("concat: got no tensors; expected a list of at least one");
  expectValue("concat", ...values);
  return concatOp({ values }, { axis: normalizeAxis("concat", axis, first.shape.length) }).out;
}

/** Tensors of one shape side by side along a new axis. */
export function stack(values: readonly Value[], axis = 0): Value {
  if (!Array.isArray(values)) throw new ShapeError("stack: got no tensors; expected a list of at least one");
  return concat(
    Array.from(values, (value) => expandDims(value, axis)),
    axis,
  );
}

function copyBox({ data }: ReferenceArray, target: Float64Array, part: CopyPart): void {
  const own = stridesOf(part.shape);
  const inside = part.inside ?? part.shape;
  for (let index = 0; index < sizeOf(part.shape); index++) {
    let from = part.inOffset;
    let to = part.outOffset;
    let isInside = true;
    own.forEach((stride, axis) => {
      const coordinate = Math.floor(index / stride) % at(part.shape, axis);
      const inner = coordinate - (part.before?.[axis] ?? 0);
      isInside &&= inner >= 0 && inner < at(inside, axis);
      from += inner * at(part.inStrides, axis);
      to += coordinate * at(part.outStrides, axis);
    });
    target[to] = isInside ? at(data, from) : 0;
  }
}

function copied(inputs: readonly ReferenceArray[], shape: Shape, parts: readonly CopyPart[]) {
  const data = new Float64Array(sizeOf(shape));
  for (const part of parts) copyBox(at(inputs, part.input), data, part);
  return { out: { shape, data } };
}

/** The movements in float64. */
export function movementReferences(): readonly OpReference[] {
  const movement = <A>(op: MovementOp<A>) =>
    referenceFor(op, ({ inputs: { x }, outputs: { out }, attributes }) =>
      copied([x], out.shape, [op.partOf(x.shape, out.shape, attributes)]),
    );
  return [
    movement(transposeOp),
    movement(sliceOp),
    movement(padOp),
    movement(reverseOp),
    referenceFor(concatOp, ({ inputs: { values }, outputs: { out }, attributes }) =>
      copied(values, out.shape, concatParts(values, out.shape, attributes)),
    ),
  ];
}
