/** Adam's update of one variable, in place. */

import source from "../../../shaders/optimizers/adam.wgsl?raw" with { type: "text" };
import { f32, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { optimizerUpdate, type UpdateReads } from "./optimizer_update.ts";

/** A variable and its moments; `vMax` with AMSGrad only. */
export interface AdamState {
  readonly w: Operand;
  readonly m: Operand;
  readonly v: Operand;
  readonly vMax?: Operand | undefined;
}

/** Adam's constants. */
export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * One step of Adam or AdamW, as in Keras 3. The host writes `rates[0]` = learning rate * sqrt(1 - beta2^t) / (1 - beta1^t).
 * The call's `reads` are w, m, v, vMax if given, gradient, rates, status; its `writes` w, m, v, vMax, in place.
 *
 * @example
 * adamCall({ w, m, v, gradient, rates, status }, { w: newW, m: newM, v: newV }, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
 */
export function adamCall(
  reads: AdamState & UpdateReads,
  writes: AdamState,
  { beta1, beta2, epsilon }: AdamOptions,
): KernelCall {
  return optimizerUpdate(
    "adam",
    specialise(source, { AMSGRAD: writes.vMax === undefined ? 0 : 1 }),
    [
      { read: reads.w, write: writes.w },
      { read: reads.m, write: writes.m },
      { read: reads.v, write: writes.v },
      { read: reads.vMax, write: writes.vMax },
    ],
    reads,
    [f32(1 - beta1), f32(1 - beta2), f32(epsilon)],
  );
}
