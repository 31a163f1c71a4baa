/** The schedule by which a sweep skips the steps that a mask leaves out at the ends of rows. */
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import type { ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import {
  definePositionalOp as defineOp,
  type PositionalReference as OpReference,
  only,
} from "../../graph/positional.ts";
import { maskScheduleCall, scheduleSize } from "../../kernels/recurrent/mask_schedule.ts";
import { slice } from "../data/movement.ts";
import { reshape } from "../data/reshape.ts";
import { notEqual } from "../elementwise/arithmetic.ts";

const maskScheduleOp = defineOp<Readonly<Record<string, never>>>({
  kind: "kernel",
  name: "maskSchedule",
  infer: ({ inputs: [mask] }) => {
    const [batch, steps] = (mask as TensorType).shape as [number, number];
    return [{ shape: [scheduleSize(batch, steps)], dtype: "int32" }];
  },
  vjp: () => [null],
  lower: ({ inputs: [mask], outputs: [output] }) => [maskScheduleCall(mask as Operand, output as Operand)],
});

export const maskScheduleReference: OpReference<Readonly<Record<string, never>>> = {
  op: maskScheduleOp,
  reference: ({ inputs: [mask], outputs: [output] }) => {
    const { shape, data } = mask as ReferenceArray;
    const [batch, steps] = shape as [number, number];
    const spans = Array.from({ length: batch }, (_, row) => {
      const counts = data.subarray(row * steps, (row + 1) * steps);
      const first = counts.findIndex((value) => value !== 0);
      return { row, start: first < 0 ? steps : first, end: counts.findLastIndex((value) => value !== 0) + 1 };
    }).sort((a, b) => b.end - b.start - (a.end - a.start) || a.row - b.row);
    const parts = [spans.map(({ row }) => row), spans.map(({ start }) => start), spans.map(({ end }) => end)];
    return [{ shape: (output as TensorType).shape, data: Float64Array.from([...parts.flat(), ...data]) }];
  },
};

/** Mask bool `[B, T]` -> int32 `[3 B + B T]`: the rows, longest first, their starts and ends, then the mask. */
export function maskSchedule(mask: Value): Value {
  return only(maskScheduleOp([mask], {}));
}

/** The mask in a schedule, bool and of the shape of `ids` `[B, T]`. */
export function maskIn(schedule: Value, ids: Value): Value {
  const [batch, steps] = ids.shape as [number, number];
  return notEqual(reshape(slice(schedule, [3 * batch], [batch * steps]), ids.shape), 0);
}

/** The mask `[B, T]` in a schedule of the reference. */
export function scheduledMask({ data }: ReferenceArray, batch: number, steps: number): ReferenceArray {
  return { shape: [batch, steps], data: data.subarray(3 * batch) };
}
