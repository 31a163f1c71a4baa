import { at } from "../../core/at.ts";
import { defineOp, type NoAttributes, type Out, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { checkFiniteCall } from "../../kernels/reduce/check_finite.ts";

interface CheckInputs {
  readonly values: readonly Value[];
  readonly status: Value;
  readonly step: Value;
}

const checkFiniteOp = defineOp<CheckInputs, NoAttributes, Out>({
  kind: "kernel",
  name: "checkFinite",
  infer: ({ inputs: { status } }) => ({ out: { shape: status.shape, dtype: status.dtype } }),
  vjp: () => ({}),
  lower: ({ inputs: { values, status, step }, outputs: { out } }) => [checkFiniteCall(values, status, step, out)],
});

export const checkFiniteReference = referenceFor(checkFiniteOp, ({ inputs: { values, status, step } }) => {
  const before = at(status.data, 0);
  const areFinite = values.every(({ data }) => data.every(Number.isFinite));
  return { out: { shape: [1], data: Float64Array.of(before !== 0 || areFinite ? before : at(step.data, 0) + 1) } };
});

/**
 * Remembers the first step that met a number that is not finite: status (int32 [1]) stays as it is once it is not 0,
 * and becomes `step` + 1 (step: int32 scalar) when an element of `values` is infinite or NaN.
 */
export function checkFinite(values: readonly Value[], status: Value, step: Value): Value {
  return checkFiniteOp({ values, status, step }, {}).out;
}
