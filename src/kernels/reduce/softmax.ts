/** Softmax and log-softmax over the last axis. */
import source from "../../../shaders/reduce/softmax.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { checkSize, dispatch, expectSize, variantNamed } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ softmax: source });

/** As in the shader. */
const LANES = 64;
/** Rows up to this size are walked by one invocation each. */
const SERIAL_SIZE = 32;
const VARIANTS = ["serial", "lanes"] as const;

export interface SoftmaxOptions {
  readonly rows: number;
  readonly size: number;
  /** True gives the logarithm of the softmax. */
  readonly log: boolean;
}

/**
 * output = softmax(input) over rows of `size`, float32; stable at large logits.
 *
 * @throws ShapeError when the tensors do not hold rows × size elements.
 */
export function softmaxCall(input: Operand, output: Operand, { rows, size, log }: SoftmaxOptions): KernelCall {
  expectSize("softmax", "input", input, rows * size);
  expectSize("softmax", "output", output, rows * size);
  checkSize("softmax", output);
  return {
    kernel: "softmax",
    reads: { input },
    writes: { output },
    variants: VARIANTS,
    shapeClass: `${log ? "log " : ""}${rows}x${size}`,
    plan: (adapter, name = size <= SERIAL_SIZE ? "serial" : "lanes") => {
      const variant = variantNamed("softmax", VARIANTS, name);
      if (rows * size === 0) return { dispatches: [] };
      return {
        dispatches: [
          dispatch({
            label: `softmax/${variant}`,
            shader: shader.constants({ LOG: log }),
            entryPoint: variant,
            params: { rows, size },
            buffers: { x: input, out: output },
            workgroups: foldGrid(variant === "serial" ? Math.ceil(rows / LANES) : rows, adapter),
          }),
        ],
      };
    },
  };
}
