/** A tensor taken apart along one axis: the way of a loop over time that is written out step by step. */
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { defineOp, type OpReference, type ReferenceArray } from "../../graph/op.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { copyCall } from "../../kernels/data/copy.ts";
import { stack } from "./movement.ts";
import { broadcastTo } from "./reshape.ts";

interface UnstackAttributes {
  readonly axis: number;
}

/** The shape of a part, and where the parts lie in x. */
function partsOf(shape: Shape, axis: number) {
  const strides = stridesOf(shape);
  const keep = (_: number, d: number) => d !== axis;
  return { shape: shape.filter(keep), strides: strides.filter(keep), stride: strides[axis] as number };
}

const unstackOp = defineOp<UnstackAttributes>({
  kind: "kernel",
  name: "unstack",
  infer: ({ inputs: [x], attributes: { axis } }) => {
    const { shape, dtype } = x as TensorType;
    const part: TensorType = { shape: partsOf(shape, axis).shape, dtype };
    return Array.from({ length: shape[axis] as number }, () => part);
  },
  // One copy of the whole, where a slice for each part would give as many tensors of x's size.
  vjp: ({ outputs, cotangents, attributes: { axis } }) => [
    stack(
      outputs.map(({ shape }, index) => cotangents[index] ?? broadcastTo(scalar(0), shape)),
      axis,
    ),
  ],
  lower: ({ inputs: [x], outputs, isUsed, attributes: { axis } }) => {
    const { shape, strides, stride } = partsOf((x as Operand).shape, axis);
    return outputs.flatMap((output, index) => {
      if (isUsed[index] === false) return [];
      const box = { input: 0, shape, inStrides: strides, outStrides: stridesOf(shape) };
      return [copyCall([x as Operand], output, [{ ...box, inOffset: index * stride, outOffset: 0 }])];
    });
  },
});

export const unstackReference: OpReference<UnstackAttributes> = {
  op: unstackOp,
  reference: ({ inputs: [x], outputs, attributes: { axis } }) => {
    const { data, shape } = x as ReferenceArray;
    const inner = partsOf(shape, axis).stride;
    const count = shape[axis] as number;
    return outputs.map((part, index) => ({
      shape: part.shape,
      data: Float64Array.from({ length: sizeOf(part.shape) }, (_, at) => {
        const outer = Math.floor(at / inner);
        return data[(outer * count + index) * inner + (at % inner)] as number;
      }),
    }));
  },
};

/** The parts of x along `axis`, each without that axis: `[B, T, D]` along 1 gives T tensors `[B, D]`. */
export function unstack(x: Value, axis: number): readonly Value[] {
  return unstackOp([x], { axis: normalizeAxis("unstack", axis, x.shape.length) });
}
