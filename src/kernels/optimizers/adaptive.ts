/** Updates of one variable by Adagrad, Adadelta, Nadam, Lion and Adamax, in place. */
import source from "../../../shaders/optimizers/adaptive.wgsl?raw" with { type: "text" };
import { f32, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { specialise } from "../wgsl/specialise.ts";
import { optimizerUpdate, type UpdateReads } from "./optimizer_update.ts";

/** The rules: entry points of the shader. */
export type AdaptiveRule = "adagrad" | "adadelta" | "nadam" | "lion" | "adamax";

/** A variable and its state: Adagrad and Lion have no `second`. */
export interface AdaptiveState {
  readonly w: Operand;
  readonly first: Operand;
  readonly second?: Operand | undefined;
}

/** A rule's constants; those that it does not read may be left out. Adadelta's rho is `beta1`. */
export interface AdaptiveOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * One step as in Keras 3; the shader's head says what the host writes into `rates` for each rule.
 * The call's `reads` are w, first, second if given, gradient, rates, status; its `writes` w, first, second, in place.
 *
 * @example
 * adaptiveCall("adagrad", { w, first, gradient, rates, status }, { w: newW, first: newFirst }, { epsilon: 1e-7 });
 */
export function adaptiveCall(
  rule: AdaptiveRule,
  reads: AdaptiveState & UpdateReads,
  writes: AdaptiveState,
  { beta1 = 0, beta2 = 0, epsilon = 0 }: AdaptiveOptions,
): KernelCall {
  return optimizerUpdate(
    rule,
    specialise(source, {}),
    [
      { read: reads.w, write: writes.w },
      { read: reads.first, write: writes.first },
      { read: reads.second, write: writes.second },
    ],
    reads,
    [f32(beta1), f32(1 - beta1), f32(beta2), f32(1 - beta2), f32(epsilon)],
  );
}
