/** Gradient descent's update of one variable, in place. */

import source from "../../../shaders/optimizers/sgd.wgsl?raw" with { type: "text" };
import { f32, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { optimizerUpdate, type UpdateReads } from "./optimizer_update.ts";

/** A variable, and its velocity with momentum. */
export interface SgdState {
  readonly w: Operand;
  readonly velocity?: Operand | undefined;
}

/** Gradient descent's constants. */
export interface SgdOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * One step of gradient descent, as in Keras 3; with momentum where `velocity` is given.
 * The call's `reads` are w, velocity if given, gradient, rates, status; its `writes` w, velocity, in place.
 *
 * @example
 * sgdCall({ w, gradient, rates, status }, { w: newW }, { momentum: 0, nesterov: false });
 */
export function sgdCall(
  reads: SgdState & UpdateReads,
  writes: SgdState,
  { momentum, nesterov }: SgdOptions,
): KernelCall {
  return optimizerUpdate(
    "sgd",
    specialise(source, { HAS_MOMENTUM: writes.velocity === undefined ? 0 : 1, NESTEROV: nesterov ? 1 : 0 }),
    [
      { read: reads.w, write: writes.w },
      { read: reads.velocity, write: writes.velocity },
    ],
    reads,
    [f32(momentum)],
  );
}
