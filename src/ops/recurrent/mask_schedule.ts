/** The schedule by which a sweep skips the timesteps that a mask leaves out at the ends of rows. */
import { dims } from "../../core/shape.ts";
import { defineOp, type NoAttributes, type Out, type ReferenceArray, referenceFor } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { maskScheduleCall, scheduleSize } from "../../kernels/recurrent/row_order.ts";
import { reshape, slice } from "../data/movement.ts";
import { notEqual } from "../elementwise/arithmetic.ts";

interface MaskInputs {
  readonly mask: Value;
}

const maskScheduleOp = defineOp<MaskInputs, NoAttributes, Out>({
  kind: "kernel",
  name: "maskSchedule",
  infer: ({ inputs: { mask } }) => {
    const [batch, steps] = dims(mask.shape, 2);
    return { out: { shape: [scheduleSize(batch, steps)], dtype: "int32" } };
  },
  vjp: () => ({}),
  lower: ({ inputs: { mask }, outputs: { out } }) => [maskScheduleCall(mask, out)],
});

export const maskScheduleReference = referenceFor(maskScheduleOp, ({ inputs: { mask }, outputs: { out } }) => {
  const { shape, data } = mask;
  const [batch, steps] = dims(shape, 2);
  const spans = Array.from({ length: batch }, (_, row) => {
    const counts = data.subarray(row * steps, (row + 1) * steps);
    const first = counts.findIndex((value) => value !== 0);
    return { row, start: first < 0 ? steps : first, end: counts.findLastIndex((value) => value !== 0) + 1 };
  }).sort((a, b) => b.end - b.start - (a.end - a.start) || a.row - b.row);
  const parts = [spans.map(({ row }) => row), spans.map(({ start }) => start), spans.map(({ end }) => end)];
  return { out: { shape: out.shape, data: Float64Array.from([...parts.flat(), ...data]) } };
});

/** Mask bool `[B, T]` -> int32 `[3 B + B T]`: the rows, longest first, their starts and ends, then the mask. */
export function maskSchedule(mask: Value): Value {
  return maskScheduleOp({ mask }, {}).out;
}

/** The mask in a schedule, bool and of the shape of `ids` `[B, T]`. */
export function maskIn(schedule: Value, ids: Value): Value {
  const [batch, steps] = dims(ids.shape, 2);
  return notEqual(reshape(slice(schedule, [3 * batch], [batch * steps]), ids.shape), 0);
}

/** The mask `[B, T]` in a schedule of the reference. */
export function scheduledMask({ data }: ReferenceArray, batch: number, steps: number): ReferenceArray {
  return { shape: [batch, steps], data: data.subarray(3 * batch) };
}
