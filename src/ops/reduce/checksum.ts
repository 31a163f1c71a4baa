import { defineOp, type Out, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { checksumCall, checksumOf } from "../../kernels/reduce/checksum.ts";

interface ChecksumInputs {
  readonly values: readonly Value[];
  readonly seed: Value;
}

interface ChecksumAttributes {
  /** Of each tensor, whether its words are those of float32. */
  readonly areFloat: readonly boolean[];
}

const checksumOp = defineOp<ChecksumInputs, ChecksumAttributes, Out>({
  kind: "kernel",
  name: "checksum",
  infer: () => ({ out: { shape: [1], dtype: "int32" } }),
  vjp: () => ({}),
  lower: ({ inputs: { values, seed }, outputs: { out } }) => [checksumCall(values, seed, out)],
});

export const checksumReference = referenceFor(checksumOp, ({ inputs: { values, seed }, attributes: { areFloat } }) => {
  const arrays = values.map(({ data }, index) => ({
    data: areFloat[index] ? Float32Array.from(data) : Int32Array.from(data),
  }));
  return { out: { shape: [1], data: Float64Array.of(checksumOf(arrays, seed.data[0] ?? 0)) } };
});

/** `seed` (int32 [1]) plus a checksum of the bits of `values`, modulo 2^32; on the host it is `checksumOf`. */
export function checksum(values: readonly Value[], seed: Value): Value {
  return checksumOp({ values, seed }, { areFloat: values.map(({ dtype }) => dtype === "float32") }).out;
}
