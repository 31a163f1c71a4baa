import type { Operand } from "../../core/kernel_call.ts";
import { defineOp, type OpReference, only } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { checksumCall, checksumOf } from "../../kernels/reduce/checksum.ts";

interface Attributes {
  /** Of each tensor, whether its words are those of float32. */
  readonly areFloat: readonly boolean[];
}

const checksumOp = defineOp<Attributes>({
  kind: "kernel",
  name: "checksum",
  infer: () => [{ shape: [1], dtype: "int32" }],
  vjp: ({ inputs }) => inputs.map(() => null),
  lower: ({ inputs, outputs: [output] }) => [
    checksumCall(inputs.slice(0, -1), inputs.at(-1) as Operand, output as Operand),
  ],
});

export const checksumReference: OpReference<Attributes> = {
  op: checksumOp,
  reference: ({ inputs, attributes: { areFloat } }) => {
    const arrays = inputs.slice(0, -1).map(({ data }, index) => ({
      data: areFloat[index] ? Float32Array.from(data) : Int32Array.from(data),
    }));
    return [{ shape: [1], data: Float64Array.of(checksumOf(arrays, inputs.at(-1)?.data[0] ?? 0)) }];
  },
};

/** `seed` (int32 [1]) plus a checksum of the bits of `values`, modulo 2^32; on the host it is `checksumOf`. */
export function checksum(values: readonly Value[], seed: Value): Value {
  return only(checksumOp([...values, seed], { areFloat: values.map(({ dtype }) => dtype === "float32") }));
}
