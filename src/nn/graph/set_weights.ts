import { ShapeError, ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { expectMemory } from "../../core/own_memory.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../core/shape.ts";
import type { Variable } from "../../graph/operation.ts";

/** A weight's new numbers. */
export type WeightLike = NdArray | { readonly shape: Shape; readonly data: readonly number[] };

/**
 * Checks new numbers for weights, in their order.
 * @throws ShapeError, ValueError when one does not fit.
 */
export function checkWeights(
  variables: readonly Variable[],
  names: readonly string[],
  given: readonly WeightLike[],
): NdArray[] {
  if (given.length !== variables.length) {
    throw new ValueError(`setWeights: got ${given.length} arrays; the model has ${variables.length} weights`, {
      got: given.length,
    });
  }
  return given.map(({ shape, data }, index): NdArray => {
    const { shape: expected } = variables[index] as Variable;
    const name = names[index] as string;
    if (ArrayBuffer.isView(data)) expectMemory(data, `setWeights: "${name}"`);
    if (!sameShape(shape, expected) || data.length !== sizeOf(expected)) {
      throw new ShapeError(
        `setWeights: array ${index} is ${formatShape(shape)} with ${data.length} elements; "${name}" is ` +
          `${formatShape(expected)}`,
        { index, name, shape, expected },
      );
    }
    const array = Float32Array.from(data);
    if (!isFiniteArray({ shape, data: array })) {
      throw new ValueError(`setWeights: "${name}" holds a number that is not finite`, { name });
    }
    return { shape, data: array };
  });
}
