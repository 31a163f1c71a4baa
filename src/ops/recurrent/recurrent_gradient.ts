/** The gradient of a recurrent kernel, hᵀ · dZ, over the steps that were really run. */
import { ValueError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import {
  definePositionalOp as defineOp,
  type PositionalReference as OpReference,
  only,
} from "../../graph/positional.ts";
import { recurrentGradientCall } from "../../kernels/recurrent/recurrent_gradient.ts";

interface GradientAttributes {
  readonly isMasked: boolean;
}

/** Each row's first step, from a schedule `[2, B]` of the padding op. */
export function startsOf({ shape, data }: ReferenceArray): number[] {
  const batch = shape[1] as number;
  const starts = new Array<number>(batch).fill(0);
  for (let slot = 0; slot < batch; slot++) starts[data[slot] as number] = data[batch + slot] as number;
  return starts;
}

const gradientOp = defineOp<GradientAttributes>({
  kind: "kernel",
  name: "recurrentGradient",
  infer: ({ inputs: [hidden, dZ] }) => [
    { shape: [(hidden as TensorType).shape[2] as number, (dZ as TensorType).shape[2] as number], dtype: "float32" },
  ],
  vjp: () => {
    throw new ValueError("recurrentGradient: second derivatives of a sweep are not available");
  },
  lower: ({ inputs, outputs: [output], attributes }) => {
    const [hidden, dZ, schedule, initial] = inputs as [Operand, Operand, Operand, Operand?];
    return [recurrentGradientCall({ hidden, dZ, schedule, initial }, attributes, output as Operand)];
  },
});

export const recurrentGradientReference: OpReference<GradientAttributes> = {
  op: gradientOp,
  reference: ({ inputs, outputs: [output], attributes: { isMasked } }) => {
    const [hidden, dZ, schedule, initial] = inputs as [ReferenceArray, ReferenceArray, ReferenceArray, ReferenceArray?];
    const [rows, steps, M] = hidden.shape as [number, number, number];
    const N = dZ.shape[2] as number;
    const sum = new Float64Array(M * N);
    const addStep = (h: Float64Array, at: number) => {
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          sum[m * N + n] = (sum[m * N + n] as number) + (h[m] as number) * (dZ.data[at + n] as number);
        }
      }
    };
    const starts = isMasked ? [] : startsOf(schedule);
    for (let row = 0; row < rows; row++) {
      const isPadding = !isMasked && row === rows - 1;
      const start = isPadding ? 0 : (starts[row] ?? 0);
      const end = isPadding ? Math.max(0, ...starts) : steps;
      // At steps that a mask leaves out dZ is 0: they may as well be added.
      for (let step = start; step < end; step++) {
        const source = !isMasked && step === start ? rows - 1 : row;
        const before = (source * steps + step - 1) * M;
        const first = initial?.data.subarray(row * M, (row + 1) * M);
        const h = step === 0 ? first : hidden.data.subarray(before, before + M);
        if (h !== undefined) addStep(h, (row * steps + step) * N);
      }
    }
    return [{ shape: (output as TensorType).shape, data: sum }];
  },
};

/** hᵀ · dZ where rows share their padding: hidden and dZ `[B + 1, T, ·]`, schedule `[2, B]`. */
export function paddedGradient(hidden: Value, dZ: Value, schedule: Value): Value {
  return only(gradientOp([hidden, dZ, schedule], { isMasked: false }));
}

/** hᵀ · dZ where a mask leaves steps out: hidden and dZ `[B, T, ·]`, schedule of the mask, initial states `[S, B, H]`. */
export function maskedGradient(hidden: Value, dZ: Value, schedule: Value, initial: Value | undefined): Value {
  const inputs = initial === undefined ? [hidden, dZ, schedule] : [hidden, dZ, schedule, initial];
  return only(gradientOp(inputs, { isMasked: true }));
}
