/** The gradient of a recurrent kernel, hᵀ · dZ, over the timesteps that were really run. */
import { addAt, at } from "../../core/at.ts";
import { ValueError } from "../../core/errors.ts";
import { dims } from "../../core/shape.ts";
import { defineOp, type Out, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { recurrentGradientCall } from "../../kernels/recurrent/recurrent_gradient.ts";
import { pad, slice } from "../data/movement.ts";

interface GradientInputs {
  readonly hidden: Value;
  readonly dZ: Value;
  readonly schedule: Value;
  readonly initial?: Value | undefined;
}

interface GradientAttributes {
  readonly isMasked: boolean;
}

/** Each row's first timestep, from a schedule `[2, B]` of the padding op. */
export function startsOf({ shape, data }: ReferenceArray): number[] {
  const batch = at(shape, 1);
  const starts = new Array<number>(batch).fill(0);
  for (let slot = 0; slot < batch; slot++) starts[at(data, slot)] = at(data, batch + slot);
  return starts;
}

const gradientOp = defineOp<GradientInputs, GradientAttributes, Out>({
  kind: "kernel",
  name: "recurrentGradient",
  infer: ({ inputs: { hidden, dZ } }) => ({
    out: { shape: [at(hidden.shape, 2), at(dZ.shape, 2)], dtype: "float32" },
  }),
  vjp: () => {
    throw new ValueError("recurrentGradient: second derivatives of a sweep are not available");
  },
  lower: ({ inputs, outputs: { out }, attributes }) => [recurrentGradientCall(inputs, attributes, out)],
});

export const recurrentGradientReference = referenceFor(
  gradientOp,
  ({ inputs: { hidden, dZ, schedule, initial }, outputs: { out }, attributes: { isMasked } }) => {
    const [rows, steps, M] = dims(hidden.shape, 3);
    const N = at(dZ.shape, 2);
    const sum = new Float64Array(M * N);
    const addStep = (h: Float64Array, from: number) => {
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) addAt(sum, m * N + n, at(h, m) * at(dZ.data, from + n));
      }
    };
    const starts = isMasked ? [] : startsOf(schedule);
    for (let row = 0; row < rows; row++) {
      const isPadding = !isMasked && row === rows - 1;
      const start = isPadding ? 0 : (starts[row] ?? 0);
      const end = isPadding ? Math.max(0, ...starts) : steps;
      // At timesteps that a mask leaves out dZ is 0: they may as well be added.
      for (let step = start; step < end; step++) {
        const source = !isMasked && step === start ? rows - 1 : row;
        const before = (source * steps + step - 1) * M;
        const first = initial?.data.subarray(row * M, (row + 1) * M);
        const h = step === 0 ? first : hidden.data.subarray(before, before + M);
        if (h !== undefined) addStep(h, (row * steps + step) * N);
      }
    }
    return { out: { shape: out.shape, data: sum } };
  },
);

/** hᵀ · dZ where rows share their padding: hidden and dZ `[B + 1, T, ·]`, schedule `[2, B]`. */
export function paddedGradient(hidden: Value, dZ: Value, schedule: Value): Value {
  const columns = at(dZ.shape, 2);
  // The kernel takes four columns at once.
  const spare = (4 - (columns % 4)) % 4;
  const filled = spare === 0 ? dZ : pad(dZ, [], [0, 0, spare]);
  const { out } = gradientOp({ hidden, dZ: filled, schedule }, { isMasked: false });
  return spare === 0 ? out : slice(out, [0, 0], [at(out.shape, 0), columns]);
}

/**
 * hᵀ · dZ where a mask leaves steps out: hidden and dZ `[B, T, ·]`, schedule of the mask, initial states `[S, B, H]`.
 */
export function maskedGradient(hidden: Value, dZ: Value, schedule: Value, initial: Value | undefined): Value {
  return gradientOp({ hidden, dZ, schedule, initial }, { isMasked: true }).out;
}
