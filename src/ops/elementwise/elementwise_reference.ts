/** Elementwise ops in float64: their `compute` for every element, with the inputs broadcast to the output's shape. */
import { at } from "../../core/at.ts";
import type { TensorType } from "../../core/kernel_call.ts";
import { broadcastStrides, sizeOf, stridesOf } from "../../core/shape.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import { type ElementwiseOp, mapTensors } from "../../graph/operation.ts";

type Arrays = Parameters<typeof mapTensors<ReferenceArray, unknown>>[0];

/** The output of an elementwise op. */
export function mapElements(
  { compute }: ElementwiseOp,
  inputs: Arrays,
  { shape }: TensorType,
  attributes: unknown,
): ReferenceArray {
  const data = new Float64Array(sizeOf(shape));
  const own = stridesOf(shape);
  let index = 0;
  const readers = mapTensors(inputs, (input: ReferenceArray) => {
    const strides = broadcastStrides(input.shape, shape);
    return () => {
      let offset = 0;
      let rest = index;
      own.forEach((stride, axis) => {
        offset += Math.floor(rest / stride) * at(strides, axis);
        rest %= stride;
      });
      return at(input.data, offset);
    };
  });
  for (; index < data.length; index++) {
    data[index] = compute(
      mapTensors(readers, (read: () => number) => read()),
      attributes,
    );
  }
  return { shape, data };
}
