/** Elementwise ops in float64: their `compute` for every element, with the inputs broadcast to the output's shape. */
import type { TensorType } from "../../core/kernel_call.ts";
import { broadcastStrides, sizeOf, stridesOf } from "../../core/shape.ts";
import type { ElementwiseOp, ReferenceArray, ReferenceContext } from "../../graph/op.ts";

/** The output of an elementwise op. */
export function mapElements(
  { compute }: ElementwiseOp,
  { inputs, outputs, attributes }: ReferenceContext<unknown>,
): ReferenceArray {
  const { shape } = outputs[0] as TensorType;
  const data = new Float64Array(sizeOf(shape));
  const own = stridesOf(shape);
  const strides = inputs.map((input) => broadcastStrides(input.shape, shape));
  const args = new Array<number>(inputs.length);
  for (let index = 0; index < data.length; index++) {
    inputs.forEach((input, which) => {
      let offset = 0;
      let rest = index;
      own.forEach((stride, axis) => {
        offset += Math.floor(rest / stride) * ((strides[which] as number[])[axis] as number);
        rest %= stride;
      });
      args[which] = input.data[offset] as number;
    });
    data[index] = compute(args, attributes);
  }
  return { shape, data };
}
