/** A tensor taken apart along one axis: what a loop over time needs that is written out timestep by timestep. */
import { at } from "../../core/at.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { defineOp, referenceFor } from "../../graph/op.ts";
import { expectValue, scalar, type Value } from "../../graph/operation.ts";
import { copyCall } from "../../kernels/data/copy.ts";
import { broadcastTo, stack } from "./movement.ts";

interface Whole {
  readonly x: Value;
}

interface Parts {
  readonly parts: readonly Value[];
}

interface UnstackAttributes {
  readonly axis: number;
}

/** The shape of a part, and where the parts lie in x. */
function partsOf(shape: Shape, axis: number) {
  const strides = stridesOf(shape);
  const keep = (_: number, d: number) => d !== axis;
  return { shape: shape.filter(keep), strides: strides.filter(keep), stride: at(strides, axis) };
}

const unstackOp = defineOp<Whole, UnstackAttributes, Parts>({
  kind: "kernel",
  name: "unstack",
  infer: ({ inputs: { x }, attributes: { axis } }) => {
    const part: TensorType = { shape: partsOf(x.shape, axis).shape, dtype: x.dtype };
    return { parts: Array.from({ length: at(x.shape, axis) }, () => part) };
  },
  // One copy of the whole, where a slice for each part would give as many tensors of x's size.
  vjp: ({ outputs: { parts }, cotangents, attributes: { axis } }) => ({
    x: stack(
      parts.map(({ shape }, index) => cotangents.parts[index] ?? broadcastTo(scalar(0), shape)),
      axis,
    ),
  }),
  lower: ({ inputs: { x }, outputs: { parts }, isUsed, attributes: { axis } }) => {
    const { shape, strides, stride } = partsOf(x.shape, axis);
    return parts.flatMap((part, index) => {
      if (isUsed.parts[index] === false) return [];
      const box = { input: 0, shape, inStrides: strides, outStrides: stridesOf(shape) };
      return [copyCall([x], part, [{ ...box, inOffset: index * stride, outOffset: 0 }])];
    });
  },
});

export const unstackReference = referenceFor(unstackOp, ({ inputs: { x }, outputs, attributes: { axis } }) => {
  const inner = partsOf(x.shape, axis).stride;
  const count = at(x.shape, axis);
  return {
    parts: outputs.parts.map(({ shape }, index) => ({
      shape,
      data: Float64Array.from({ length: sizeOf(shape) }, (_, place) => {
        const outer = Math.floor(place / inner);
        return at(x.data, (outer * count + index) * inner + (place % inner));
      }),
    })),
  };
});

/** The parts of x along `axis`, each without that axis: `[B, T, D]` along 1 gives T tensors `[B, D]`. */
export function unstack(x: Value, axis: number): readonly Value[] {
  expectValue("unstack", x);
  return unstackOp({ x }, { axis: normalizeAxis("unstack", axis, x.shape.length) }).parts;
}
