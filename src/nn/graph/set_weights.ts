import { ShapeError, ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import { type NdArray, toNdArray } from "../../core/nd_array.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { Variable } from "../../graph/operation.ts";

/** New values for a weight. */
export type WeightLike = NdArray | { readonly shape: Shape; readonly data: readonly number[] };

/**
 * Validates new values for weights, given in order.
 * @throws ShapeError, ValueError if any of them does not match.
 */
export function checkWeights(
  variables: readonly Variable[],
  names: readonly string[],
  given: readonly WeightLike[],
): NdArray[] {
  if (!Array.isArray(given) || given.length !== variables.length) {
    const got = Array.isArray(given) ? `${given.length} arrays` : shown(given);
    throw new ValueError(`setWeights: got ${got}; the model has ${variables.length} weights`, {
      given,
    });
  }
  return Array.from<WeightLike, NdArray>(given, (each, index) => {
    const { shape: expected } = variables[index] as Variable;
    const name = names[index] as string;
    const array = toNdArray(each, "float32", `setWeights: "${name}"`);
    if (!sameShape(array.shape, expected)) {
      throw new ShapeError(
        `setWeights: array ${index} is ${formatShape(array.shape)}; "${name}" is ${formatShape(expected)}`,
        { index, name, shape: array.shape, expected },
      );
    }
    if (!isFiniteArray(array))
      throw new ValueError(`setWeights: "${name}" holds a number that is not finite`, { name });
    return array;
  });
}
