/** Gradient clipping. */
import type { Value } from "../../graph/operation.ts";
import { add, clip, div, maximum, minimum, mul, sqrt, square } from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";

/** The clipping limits; at most one is set. */
export interface Clipping {
  readonly clipnorm?: number;
  readonly globalClipnorm?: number;
  readonly clipvalue?: number;
}

/** Scales each gradient to a norm, scales all to a joint norm, or clips each element; unchanged without a limit. */
export function clipGradients(
  gradients: readonly Value[],
  { clipnorm, globalClipnorm, clipvalue }: Clipping,
): readonly Value[] {
  if (clipvalue !== undefined) return gradients.map((gradient) => clip(gradient, -clipvalue, clipvalue));
  if (clipnorm !== undefined) {
    return gradients.map((gradient) => mul(gradient, div(clipnorm, maximum(sqrt(sum(square(gradient))), clipnorm))));
  }
  if (globalClipnorm !== undefined) {
    const norm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b)));
    const scale = minimum(div(globalClipnorm, maximum(norm, 1e-30)), 1);
    return gradients.map((gradient) => mul(gradient, scale));
  }
  return gradients;
}
