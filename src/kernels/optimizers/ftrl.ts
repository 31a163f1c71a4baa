/** FTRL's update of one variable, in place. */
import source from "../../../shaders/optimizers/ftrl.wgsl?raw" with { type: "text" };
import { f32, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { optimizerUpdate, type UpdateReads } from "./optimizer_update.ts";

/** A variable, its sum of squares and its linear term. */
export interface FtrlState {
  readonly w: Operand;
  readonly accumulator: Operand;
  readonly linear: Operand;
}

/** FTRL's constants. */
export interface FtrlOptions {
  /** What sums of squares are raised to: minus the learning rate's power. */
  readonly power: number;
  readonly l1: number;
  readonly shrinkage: number;
}

/**
 * One step of FTRL, as in Keras 3. The host writes `rates[0]`, the learning rate, and `rates[2]` = 2·l2 + beta / learning rate.
 * The call's `reads` are w, accumulator, linear, gradient, rates, status; its `writes` w, accumulator, linear, in place.
 *
 * @example
 * ftrlCall({ w, accumulator, linear, gradient, rates, status }, { w: newW, accumulator: newSum, linear: newLinear }, { power: 0.5, l1: 0, shrinkage: 0 });
 */
export function ftrlCall(
  reads: FtrlState & UpdateReads,
  writes: FtrlState,
  { power, l1, shrinkage }: FtrlOptions,
): KernelCall {
  return optimizerUpdate(
    "ftrl",
    specialise(source, { SQUARE_ROOT: power === 0.5 ? 1 : 0 }),
    [
      { read: reads.w, write: writes.w },
      { read: reads.accumulator, write: writes.accumulator },
      { read: reads.linear, write: writes.linear },
    ],
    reads,
    [f32(power), f32(l1), f32(shrinkage)],
  );
}
