/** The moving average of a weight, kept beside an optimizer's step. */
import { at } from "../../core/at.ts";
import { ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { averageCall } from "../../kernels/optimizers/average.ts";
import { reshape, slice } from "../data/movement.ts";
import { equal, logicalAnd, notEqual, where } from "../elementwise/arithmetic.ts";
import type { SharedInputs } from "./update_op.ts";

interface AverageInputs extends SharedInputs {
  readonly average: Value;
  readonly w: Value;
}

const averageOp = defineOp<AverageInputs, NoAttributes, Out>({
  kind: "kernel",
  name: "weightAverage",
  infer: ({ inputs: { average, w } }) => {
    if (!sameShape(average.shape, w.shape)) {
      throw new ShapeError(
        `weightAverage: the average is ${formatShape(average.shape)}, the weight ${formatShape(w.shape)}; ` +
          "expected one shape",
      );
    }
    return { out: { shape: average.shape, dtype: average.dtype } };
  },
  vjp: () => {
    throw new ValueError("weightAverage: an optimizer step cannot be differentiated");
  },
  lower: ({ inputs: { average, ...reads }, outputs: { out } }) => [averageCall(average, reads, out)],
});

export const weightAverageReference = referenceFor(averageOp, ({ inputs: { average, w, rates, status } }) => {
  const momentum = at(rates.data, 4);
  const data = average.data.map((before, index) =>
    status.data[0] === 0 ? momentum * before + (1 - momentum) * at(w.data, index) : before,
  );
  return { out: { shape: average.shape, data } };
});

/** rates[4] · average + (1 − rates[4]) · w; the average as it was where `status` is not 0. */
export function weightAverage(average: Value, w: Value, { rates, status }: SharedInputs): Value {
  return averageOp({ average, w, rates, status }, {}).out;
}

/** The average where rates[5] is not 0 and `status` is 0, w elsewhere. */
export function averageIfDue(average: Value, w: Value, { rates, status }: SharedInputs): Value {
  const isDue = notEqual(reshape(slice(rates, [5], [1]), []), 0);
  return where(logicalAnd(isDue, equal(reshape(status, []), 0)), average, w);
}
