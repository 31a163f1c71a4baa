import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { defineOp, type OpReference, only } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { checkFiniteCall } from "../../kernels/reduce/check_finite.ts";

const checkFiniteOp = defineOp<Readonly<Record<string, never>>>({
  kind: "kernel",
  name: "checkFinite",
  infer: ({ inputs }) => [inputs.at(-2) as TensorType],
  vjp: ({ inputs }) => inputs.map(() => null),
  lower: ({ inputs, outputs: [output] }) => {
    const [status, step] = inputs.slice(-2) as [Operand, Operand];
    return [checkFiniteCall(inputs.slice(0, -2), status, step, output as Operand)];
  },
});

export const checkFiniteReference: OpReference<Readonly<Record<string, never>>> = {
  op: checkFiniteOp,
  reference: ({ inputs }) => {
    const [status, step] = inputs.slice(-2).map((input) => input.data[0] as number) as [number, number];
    const areFinite = inputs.slice(0, -2).every(({ data }) => data.every(Number.isFinite));
    return [{ shape: [1], data: Float64Array.of(status !== 0 || areFinite ? status : step + 1) }];
  },
};

/**
 * Remembers the first step that met a number that is not finite: status (int32 [1]) stays as it is once it is not 0,
 * and becomes `step` + 1 (step: int32 scalar) when an element of `values` is infinite or NaN.
 */
export function checkFinite(values: readonly Value[], status: Value, step: Value): Value {
  return only(checkFiniteOp([...values, status, step], {}));
}
