/** Uniform random numbers on the GPU, and the same numbers on the CPU. */
import source from "../../../shaders/data/random.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand, readBuffer, u32, writeBuffer } from "../../core/kernel_call.ts";
import { threefry2x32, wordToUniform } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize } from "../check.ts";
import { specialise } from "../wgsl/specialise.ts";

const WORKGROUP = 64;

/**
 * Fills `output` with uniform float32 in [0, 1): element i is drawn with key (seed, stream) and counter (i, counter).
 *
 * @param counter int32 []; a new value gives new numbers.
 * @throws LimitError when the output reaches 2^31 elements.
 */
export function randomUniformCall(
  counter: Operand,
  output: Operand,
  { seed, stream }: { readonly seed: number; readonly stream: number },
): KernelCall {
  checkSize("randomUniform", output);
  const size = sizeOf(output.shape);
  return {
    kernel: "randomUniform",
    reads: [counter],
    writes: [output],
    plan: (adapter) => ({
      scratch: [],
      dispatches:
        size === 0
          ? []
          : [
              {
                label: "random/uniform",
                source: specialise(source, { WORKGROUP }),
                entryPoint: "uniform_numbers",
                params: [u32(size), u32(seed >>> 0), u32(stream >>> 0)],
                buffers: [readBuffer(0), writeBuffer(0)],
                workgroups: foldGrid(Math.ceil(size / WORKGROUP), adapter),
              },
            ],
    }),
  };
}

/** The same numbers as `randomUniformCall` writes, made on the CPU. */
export function randomUniformReference(seed: number, stream: number, counter: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, index) =>
    wordToUniform(threefry2x32(seed, stream, index, counter)[0]),
  );
}
