/** The moving average of a weight, kept beside an optimizer's step. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { defineOp, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { averageCall } from "../../kernels/optimizers/average.ts";
import { slice } from "../data/movement.ts";
import { reshape } from "../data/reshape.ts";
import { equal, logicalAnd, notEqual, where } from "../elementwise/arithmetic.ts";
import type { SharedInputs } from "./update_op.ts";

const averageOp = defineOp<Readonly<Record<string, never>>>({
  kind: "kernel",
  name: "weightAverage",
  infer: ({ inputs }) => {
    const [average, w] = inputs as [TensorType, TensorType];
    if (!sameShape(average.shape, w.shape)) {
      throw new ShapeError(
        `weightAverage: the average is ${formatShape(average.shape)}, the weight ${formatShape(w.shape)}; expected one shape`,
      );
    }
    return [{ shape: average.shape, dtype: average.dtype }];
  },
  vjp: () => {
    throw new ValueError("weightAverage: an optimizer step cannot be differentiated");
  },
  lower: ({ inputs, outputs: [output] }) => {
    const [average, w, rates, status] = inputs as [Operand, Operand, Operand, Operand];
    return [averageCall(average, { w, rates, status }, output as Operand)];
  },
});

export const weightAverageReference: OpReference<Readonly<Record<string, never>>> = {
  op: averageOp,
  reference: ({ inputs }) => {
    const [average, w, rates, status] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray, ReferenceArray];
    const momentum = rates.data[4] as number;
    const data = average.data.map((before, index) =>
      status.data[0] === 0 ? momentum * before + (1 - momentum) * (w.data[index] as number) : before,
    );
    return [{ shape: average.shape, data }];
  },
};

/** rates[4] · average + (1 − rates[4]) · w; the average as it was where `status` is not 0. */
export function weightAverage(average: Value, w: Value, { rates, status }: SharedInputs): Value {
  return only(averageOp([average, w, rates, status], {}));
}

/** The average where rates[5] is not 0 and `status` is 0, w elsewhere. */
export function averageIfDue(average: Value, w: Value, { rates, status }: SharedInputs): Value {
  const isDue = notEqual(reshape(slice(rates, [5], [1]), []), 0);
  return where(logicalAnd(isDue, equal(reshape(status, []), 0)), average, w);
}
