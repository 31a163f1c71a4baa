/** The activations of a recurrent layer as constants of its shaders. */
import { activationCode, type KernelActivation } from "../elementwise/activations.ts";

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
