/** RMSprop's update of one variable, in place. */

import source from "../../../shaders/optimizers/rmsprop.wgsl?raw" with { type: "text" };
import { f32, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { optimizerUpdate, type UpdateReads } from "./optimizer_update.ts";

/** A variable and its running means; `average` when centered, `momentum` with momentum. */
export interface RmspropState {
  readonly w: Operand;
  readonly velocity: Operand;
  readonly average?: Operand | undefined;
  readonly momentum?: Operand | undefined;
}

/** RMSprop's constants. */
export interface RmspropOptions {
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

/**
 * One step of RMSprop, as in Keras 3. `average` must be given exactly when `centered`; momentum acts where it is given.
 * The call's `reads` are w, velocity, average, momentum (each if given), gradient, rates, status; its `writes` the state, in place.
 *
 * @example
 * rmspropCall({ w, velocity, gradient, rates, status }, { w: newW, velocity: newVelocity },
 *   { rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false });
 */
export function rmspropCall(
  reads: RmspropState & UpdateReads,
  writes: RmspropState,
  { rho, momentum, epsilon, centered }: RmspropOptions,
): KernelCall {
  return optimizerUpdate(
    "rmsprop",
    specialise(source, { CENTERED: centered ? 1 : 0, HAS_MOMENTUM: writes.momentum === undefined ? 0 : 1 }),
    [
      { read: reads.w, write: writes.w },
      { read: reads.velocity, write: writes.velocity },
      { read: reads.average, write: writes.average },
      { read: reads.momentum, write: writes.momentum },
    ],
    reads,
    [f32(rho), f32(1 - rho), f32(momentum), f32(epsilon)],
  );
}
