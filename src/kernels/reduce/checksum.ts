/** A checksum of tensors' bits, by which the host sees that a copy holds what the GPU held. */
import source from "../../../shaders/reduce/checksum.wgsl?raw" with { type: "text" };
import type { KernelCall, Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ checksum: source });

/** As in the shader. */
const WORKGROUP = 64;
/** Elements that an invocation takes before more workgroups are worth it, and the most workgroups. */
const ELEMENTS_PER_INVOCATION = 16;
const MAX_WORKGROUPS = 1024;

/**
 * `sum` plus the checksum of `tensors`, as if they were one, modulo 2^32. In place. `checksumOf` is the same on the
 * host.
 *
 * @param tensors any dtypes, any shapes.
 * @param sum int32 [1], overwritten as `output`.
 * @throws LimitError when a tensor reaches 2^31 elements.
 */
export function checksumCall(tensors: readonly Operand[], sum: Operand, output: Operand): KernelCall {
  for (const tensor of tensors) checkSize("checksum", tensor);
  let position = 0;
  const parts = tensors.map((tensor) => {
    const part = { tensor, size: sizeOf(tensor.shape), position };
    position += part.size;
    return part;
  });
  return {
    kernel: "checksum",
    reads: { tensors, sum },
    writes: { output },
    inPlace: [{ read: sum, write: output }],
    plan: () => ({
      dispatches: parts
        .filter(({ size }) => size > 0)
        .map(({ tensor, ...params }) =>
          dispatch({
            label: "checksum",
            shader,
            entryPoint: "checksum",
            params,
            buffers: { x: tensor, sum: output },
            workgroups: [
              Math.min(MAX_WORKGROUPS, Math.ceil(params.size / (WORKGROUP * ELEMENTS_PER_INVOCATION))),
              1,
              1,
            ],
          }),
        ),
    }),
  };
}

/** `sum` plus the checksum of arrays, as int32: see `checksumCall`. */
export function checksumOf(arrays: readonly { readonly data: ArrayBufferView }[], sum: number): number {
  let [total, position] = [sum, 0];
  for (const { data } of arrays) {
    const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
    for (const word of words) {
      let bits = word ^ Math.imul(position++, 0x9e3779b9);
      bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
      bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
      total = (total + (bits ^ (bits >>> 16))) | 0;
    }
  }
  return total;
}
