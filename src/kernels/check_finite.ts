/** Notices the first step whose loss or gradient is not finite. */
import source from "../../shaders/check_finite.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, readBuffer, u32, writeBuffer } from "../core/kernel_call.ts";
import { sizeOf } from "../core/shape.ts";
import { checkSize } from "./check.ts";
import { specialise } from "./specialise.ts";

const WORKGROUP = 64;
const TENSORS_PER_DISPATCH = 6;
/** Elements that an invocation looks at before more workgroups are worth it, and the most workgroups. */
const ELEMENTS_PER_INVOCATION = 16;
const MAX_WORKGROUPS = 1024;

/**
 * Where `status` is 0 and any element of `tensors` is not finite, it becomes step + 1; otherwise it stays. In place.
 *
 * @param tensors float32, any shapes.
 * @param status int32 [1], overwritten as `output`.
 * @param step int32 [].
 * @throws ShapeError when a tensor reaches 2^31 elements.
 */
export function checkFiniteCall(
  tensors: readonly Operand[],
  status: Operand,
  step: Operand,
  output: Operand,
): KernelCall {
  for (const tensor of tensors) checkSize("checkFinite", tensor);
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const filled = sizes.flatMap((size, index) => (size > 0 ? [index] : []));
  const groups = Array.from({ length: Math.ceil(filled.length / TENSORS_PER_DISPATCH) }, (_, group) =>
    filled.slice(group * TENSORS_PER_DISPATCH, (group + 1) * TENSORS_PER_DISPATCH),
  );
  return {
    kernel: "checkFinite",
    reads: [...tensors, status, step],
    writes: [output],
    inPlace: [{ read: tensors.length, write: 0 }],
    plan: () => ({
      scratch: [],
      dispatches: groups.map((group) => {
        const slots = Array.from({ length: TENSORS_PER_DISPATCH }, (_, slot) => group[slot]);
        const largest = Math.max(...group.map((index) => sizes[index] as number));
        return {
          label: "check_finite",
          source: specialise(source, { WORKGROUP }),
          entryPoint: "check_finite",
          params: slots.map((index) => u32(index === undefined ? 0 : (sizes[index] as number))),
          // An unused binding takes the group's first tensor again, with size 0.
          buffers: [
            ...slots.map((index) => readBuffer(index ?? (group[0] as number))),
            readBuffer(tensors.length + 1),
            writeBuffer(0),
          ],
          workgroups: [Math.min(MAX_WORKGROUPS, Math.ceil(largest / (WORKGROUP * ELEMENTS_PER_INVOCATION))), 1, 1],
        };
      }),
    }),
  };
}
