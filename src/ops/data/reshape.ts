import { ShapeError } from "../../core/errors.ts";
import { checkShape } from "../../core/nd_array.ts";
import { shown } from "../../core/options.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sameShape, sizeOf } from "../../core/shape.ts";
import { defineOp, type Out } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";

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
