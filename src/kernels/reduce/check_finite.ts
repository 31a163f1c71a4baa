/** Notices the first step whose loss or gradient is not finite. */
import source from "../../../shaders/reduce/check_finite.wgsl?raw" with { type: "text" };
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ check_finite: source });

/** As in the shader. */
const WORKGROUP = 64;
/** The shader's buffers that all tensors share: iteration and status. */
const SHARED_BUFFERS = 2;
/** Elements that an invocation looks at before more workgroups are worth it, and the most workgroups. */
const ELEMENTS_PER_INVOCATION = 16;
const MAX_WORKGROUPS = 1024;

/**
 * Where `status` is 0 and any element of `tensors` is not finite, it becomes step + 1; otherwise it stays. In place.
 *
 * @param tensors float32, any shapes.
 * @param status int32 [1], overwritten as `output`.
 * @param step int32 [].
 * @throws LimitError when a tensor reaches 2^31 elements.
 */
export function checkFiniteCall(
  tensors: readonly Operand[],
  status: Operand,
  step: Operand,
  output: Operand,
): KernelCall {
  for (const tensor of tensors) checkSize("checkFinite", tensor);
  const filled = tensors.map((tensor) => ({ tensor, size: sizeOf(tensor.shape) })).filter(({ size }) => size > 0);
  return {
    kernel: "checkFinite",
    reads: { tensors, status, step },
    writes: { output },
    inPlace: [{ read: status, write: output }],
    plan: (adapter) => {
      const most = adapter.limits.maxStorageBuffersPerShaderStage - SHARED_BUFFERS;
      const groups = Array.from({ length: Math.ceil(filled.length / most) }, (_, group) =>
        filled.slice(group * most, (group + 1) * most),
      );
      return {
        dispatches: groups.map((group) => {
          const sizes = group.map(({ size }) => size);
          const invocations = Math.max(...sizes) / ELEMENTS_PER_INVOCATION;
          return dispatch({
            label: "check_finite",
            shader,
            entryPoint: "check_finite",
            params: { size: sizes },
            buffers: { iteration: step, status: output, x: group.map(({ tensor }) => tensor) },
            workgroups: [Math.min(MAX_WORKGROUPS, Math.ceil(invocations / WORKGROUP)), 1, 1],
          });
        }),
      };
    },
  };
}
