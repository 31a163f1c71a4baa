/** Checks of a layer's call on symbolic tensors: what is wrong with a call is reported before any model exists. */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { SymbolicType, WeightSpec } from "./layer_types.ts";

const batched = (shape: Shape): string => `[B${shape.map((size) => `, ${size}`).join("")}]`;

/** The shapes of a call's inputs, and the weights that the layer has for them. */
type SizedWeights = readonly [shapes: readonly Shape[], specs: readonly WeightSpec[]];

/** @throws ShapeError when a further call of a layer would need weights of other shapes than its first call. */
export function checkSameWeights(
  what: string,
  [firstShapes, first]: SizedWeights,
  [shapes, specs]: SizedWeights,
): void {
  for (const [index, spec] of first.entries()) {
    const other = specs[index];
    if (other !== undefined && sameShape(spec.shape, other.shape)) continue;
    throw new ShapeError(
      `${what}: called on ${shapes.map(batched).join(", ")}; its first call was on ` +
        `${firstShapes.map(batched).join(", ")}, so its weight "${spec.name}" is ${formatShape(spec.shape)}. A ` +
        "shared layer takes inputs that fit the same weights; make a second layer for the others.",
      { layer: what, shapes },
    );
  }
}

/**
 * Gives the mask back.
 * @throws DTypeError or ShapeError unless it is one boolean for each timestep of an input of the shape `input`.
 */
export function checkMask<T extends SymbolicType>(what: string, mask: T, input: Shape): T {
  if (mask.dtype !== "bool") {
    throw new DTypeError(
      `${what}: the mask is ${mask.dtype}; expected bool, as of input({ shape: [T], dtype: "bool" })`,
      { layer: what, dtype: mask.dtype },
    );
  }
  const expected = input.slice(0, 1);
  if (!sameShape(mask.shape, expected)) {
    throw new ShapeError(
      `${what}: the mask is ${batched(mask.shape)}; expected ${batched(expected)}: true or false for each ` +
        `timestep of the input ${batched(input)}`,
      { layer: what, mask: mask.shape, expected },
    );
  }
  return mask;
}

/** @throws ValueError when an initial state was given to a layer that has no state. */
export function checkHasState(what: string, wanted: readonly Shape[]): void {
  if (wanted.length > 0) return;
  throw new ValueError(`${what}: got an initialState, but the layer keeps no state; only recurrent layers take one`, {
    layer: what,
  });
}

/** @throws ShapeError when the initial states are not of the wanted shapes. */
export function checkStates(what: string, states: readonly SymbolicType[], wanted: readonly Shape[]): void {
  const fits =
    states.length === wanted.length && wanted.every((shape, index) => sameShape(shape, states[index]?.shape ?? []));
  if (fits) return;
  throw new ShapeError(
    `${what}: initialState is ${states.map(({ shape }) => batched(shape)).join(", ")}; expected ${wanted.length} ` +
      `of shape ${wanted.map(batched).join(", ")}`,
    { layer: what, expected: wanted },
  );
}
