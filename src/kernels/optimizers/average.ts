/** The moving average of one weight, in place. */
import source from "../../../shaders/optimizers/average.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";
import type { StepOperands } from "./update.ts";

const shader = Shader.of({ average: source });

/** As in the shader. */
const THREADS = 64;

/** What the average's step reads beside the average. */
export interface AverageReads extends StepOperands {
  /** The weight after the optimizer's step, float32, of the average's shape. */
  readonly w: Operand;
}

/**
 * average = rates[4] · average + (1 − rates[4]) · w, in place. The call's `reads` are average, w, rates, status.
 *
 * @example
 * averageCall(average, { w, rates, status }, newAverage);
 */
export function averageCall(average: Operand, { w, rates, status }: AverageReads, output: Operand): KernelCall {
  const size = sizeOf(average.shape);
  return {
    kernel: "average",
    reads: { average, w, rates, status },
    writes: { output },
    inPlace: [{ read: average, write: output }],
    plan: (adapter) => ({
      dispatches: [
        dispatch({
          label: "average_weight",
          shader,
          entryPoint: "average_weight",
          params: { size },
          buffers: { average: output, w, rates, status },
          workgroups: foldGrid(Math.ceil(size / THREADS), adapter),
        }),
      ],
    }),
  };
}
