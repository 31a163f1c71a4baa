/** Uniform random numbers on the GPU, and the same numbers on the CPU. */
import source from "../../../shaders/data/random.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { threefry2x32, wordToUniform } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import { checkSize, dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ random: source });

/** As in the shader. */
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
    reads: { counter },
    writes: { output },
    plan: (adapter) => ({
      dispatches:
        size === 0
          ? []
          : [
              dispatch({
                label: "random/uniform",
                shader,
                entryPoint: "uniform_numbers",
                params: { size, seed: seed >>> 0, stream: stream >>> 0 },
                buffers: { counter, out: output },
                workgroups: foldGrid(Math.ceil(size / WORKGROUP), adapter),
              }),
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
