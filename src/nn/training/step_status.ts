import { NonFiniteError } from "../../core/errors.ts";

/** @throws NonFiniteError if the status is not 0. The error names the step; the weights are unchanged since then. */
export function expectFinite(what: string, status: number): void {
  if (status === 0) return;
  throw new NonFiniteError(
    `${what}: the loss, a gradient or a weight stopped being finite at step ${status} of this model's training; the ` +
      "weights from before that step are kept. Lower the learning rate, clip the gradients (globalClipnorm: 1), or " +
      "look for extreme values in the data.",
    { step: status, lastStep: status - 1 },
  );
}
