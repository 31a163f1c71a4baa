/** Activations of the recurrent kernels, and their codes in the shaders (recurrent_activations.wgsl). */
import { ValueError } from "../../core/errors.ts";

/**
 * Activations that a recurrent kernel can apply inside its loop over time. `hard_sigmoid` is Keras 3's: relu6(x + 3) /
 * 6.
 */
export const RECURRENT_ACTIVATIONS = ["linear", "tanh", "sigmoid", "relu", "hard_sigmoid", "softplus", "elu"] as const;

/** The name of such an activation. */
export type RecurrentActivation = (typeof RECURRENT_ACTIVATIONS)[number];

/**
 * Both activations of a recurrent layer: `activation` for the candidate and the output, `recurrentActivation` for
 * gates.
 */
export interface RecurrentActivations {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
}

/**
 * The code that stands for `name` in the shaders' `activate` and `slope`.
 * @throws ValueError when no kernel knows that activation.
 */
export function activationCode(name: RecurrentActivation): number {
  const code = RECURRENT_ACTIVATIONS.indexOf(name);
  if (code < 0) {
    const known = RECURRENT_ACTIVATIONS.join(", ");
    throw new ValueError(`recurrent activation ${name} is not one that the kernels know; expected one of ${known}`, {
      name,
    });
  }
  return code;
}

/** The shader constants for both activations. */
export function activationConstants({ activation, recurrentActivation }: RecurrentActivations): {
  readonly ACTIVATION: number;
  readonly RECURRENT_ACTIVATION: number;
} {
  return { ACTIVATION: activationCode(activation), RECURRENT_ACTIVATION: activationCode(recurrentActivation) };
}
