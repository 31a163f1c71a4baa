/** Notices the first step whose loss or gradient is not finite. */
import source from "../../../shaders/reduce/check_finite.wgsl?raw" with { type: "text" };
import { type KernelCall, type Operand, readBuffer, u32, writeBuffer } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize } from "../check.ts";
import { specialise } from "../wgsl/specialise.ts";

const WORKGROUP = 64;
/** The last tensor that the shader names as it stands, and the bindings before its tensors: params, step, status. */
const LAST_TENSOR = 5;
const FIRST_BINDING = 3;
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
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  const filled = sizes.flatMap((size, index) => (size > 0 ? [index] : []));
  return {
    kernel: "checkFinite",
    reads: [...tensors, status, step],
    writes: [output],
    inPlace: [{ read: status, write: output }],
    plan: (adapter) => {
      const most = adapter.limits.maxStorageBuffersPerShaderStage - 2;
      const groups = Array.from({ length: Math.ceil(filled.length / most) }, (_, group) =>
        filled.slice(group * most, (group + 1) * most),
      );
      return {
        scratch: [],
        dispatches: groups.map((group) => {
          const largest = Math.max(...group.map((index) => sizes[index] as number));
          return {
            label: "check_finite",
            source: sourceFor(group.length),
            entryPoint: "check_finite",
            params: group.map((index) => u32(sizes[index] as number)),
            buffers: [readBuffer(tensors.length + 1), writeBuffer(0), ...group.map((index) => readBuffer(index))],
            workgroups: [Math.min(MAX_WORKGROUPS, Math.ceil(largest / (WORKGROUP * ELEMENTS_PER_INVOCATION))), 1, 1],
          };
        }),
      };
    },
  };
}

/** The shader for so many tensors: a line that names the last one stands there for each from it on. */
function sourceFor(tensors: number): string {
  const lines = specialise(source, { WORKGROUP })
    .split("\n")
    .filter((line) => !line.startsWith("//"));
  return lines
    .flatMap((line) => {
      const named = Number(/\b(?:size|tensor)(\d+)\b/.exec(line)?.[1] ?? -1);
      if (named < LAST_TENSOR) return named < tensors ? [line] : [];
      return Array.from({ length: Math.max(0, tensors - LAST_TENSOR) }, (_, more) => {
        const tensor = LAST_TENSOR + more;
        return line
          .replace(/\b(size|tensor)\d+\b/g, `$1${tensor}`)
          .replace(/@binding\(\d+\)/, `@binding(${FIRST_BINDING + tensor})`);
      });
    })
    .join("\n");
}
