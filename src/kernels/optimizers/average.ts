/** The moving average of one weight, in place. */
import source from "../../../shaders/optimizers/average.wgsl?raw" with { type: "text" };
import { foldGrid, type KernelCall, type Operand, readBuffer, u32, writeBuffer } from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";

const THREADS = 64;

/** What the average's step reads beside the average. */
export interface AverageReads {
  /** The weight after the optimizer's step, float32, of the average's shape. */
  readonly w: Operand;
  /** float32[6]: `rates[4]` is the share of the average that stays. */
  readonly rates: Operand;
  /** int32[1]: nothing is updated once it is not 0. */
  readonly status: Operand;
}

/**
 * average = rates[4] · average + (1 − rates[4]) · w. The call's `reads` are average, w, rates, status; it writes the average, in place.
 *
 * @example
 * averageCall(average, { w, rates, status }, newAverage);
 */
export function averageCall(average: Operand, { w, rates, status }: AverageReads, output: Operand): KernelCall {
  const size = sizeOf(average.shape);
  return {
    kernel: "average",
    reads: [average, w, rates, status],
    writes: [output],
    inPlace: [{ read: average, write: output }],
    plan: (adapter) => ({
      dispatches: [
        {
          label: "average_weight",
          source,
          entryPoint: "average_weight",
          params: [u32(size)],
          buffers: [writeBuffer(0), readBuffer(1), readBuffer(2), readBuffer(3)],
          workgroups: foldGrid(Math.ceil(size / THREADS), adapter),
        },
      ],
      scratch: [],
    }),
  };
}
