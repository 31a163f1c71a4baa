/** The activations that shaders apply, and their codes there (shaders/elementwise/activations.wgsl). */
import { ValueError } from "../../core/errors.ts";

/** In the order of their codes, from 0. `hard_sigmoid` is Keras 3's: relu6(x + 3) / 6. */
export const KERNEL_ACTIVATIONS = ["linear", "tanh", "sigmoid", "relu", "hard_sigmoid", "softplus", "elu"] as const;

/** The name of such an activation. */
export type KernelActivation = (typeof KERNEL_ACTIVATIONS)[number];

/**
 * The code that stands for `name` in the shaders' `activate` and `slope`.
 * @throws ValueError when no kernel knows that activation.
 */
export function activationCode(name: KernelActivation): number {
  const code = KERNEL_ACTIVATIONS.indexOf(name);
  if (code < 0) {
    const known = KERNEL_ACTIVATIONS.join(", ");
    throw new ValueError(`activation ${name} is not one that the kernels know; expected one of ${known}`, { name });
  }
  return code;
}

/**
 * Both activations of a layer with gates: `activation` for the candidate and the output, `recurrentActivation` for the
 * gates.
 */
export interface RecurrentActivations {
  readonly activation: KernelActivation;
  readonly recurrentActivation: KernelActivation;
}

/** The shader constants for both activations. */
export function activationConstants({ activation, recurrentActivation }: RecurrentActivations): {
  readonly ACTIVATION: number;
  readonly RECURRENT_ACTIVATION: number;
} {
  return { ACTIVATION: activationCode(activation), RECURRENT_ACTIVATION: activationCode(recurrentActivation) };
}
