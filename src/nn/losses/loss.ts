/** The loss interface, and helpers that losses share. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { formatShape, sameShape, sizeOf } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";

/** Keras's epsilon: probabilities are clipped to this distance from 0 and 1. */
export const EPSILON = 1e-7;

/** A loss. `config` is its serialized form. */
export interface Loss {
  readonly config: LossConfig;
  /** The loss of every sample: yPred `[B, ..., C]` -> `[B, ...]`. Training minimises its mean over all elements. */
  perSample(yTrue: Value, yPred: Value): Value;
  /** bool in the shape of `perSample`: false excludes a value, like a mask. Default: all true. */
  readonly counted?: ((yTrue: Value, yPred: Value) => Value) | undefined;
  /** The targets' shape for an output of this shape (both including the batch axis). */
  targetShape(output: readonly number[]): readonly number[];
  /** @throws ValueError if targets are outside the loss's domain. */
  checkTargets(y: NdArray, output: readonly number[]): void;
}

/** A serialized loss: its name and options. */
export interface LossConfig {
  readonly name: string;
  readonly [option: string]: string | number | boolean | undefined;
}

/** Creates a loss from its options. */
export type LossMaker = (options: never) => Loss;

/** The target shape equals the output's shape. */
export const sameAsOutput = (output: readonly number[]) => output;

/** @throws ValueError naming the first target outside low … high. */
export function expectRange(loss: string, { data }: NdArray, low: number, high: number, hint: string): void {
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number;
    if (!(value >= low && value <= high)) {
      throw new ValueError(`${loss}: target ${index} is ${value}; expected ${low} ≤ y ≤ ${high}. ${hint}`, {
        loss,
        index,
        value,
      });
    }
  }
}

/** @throws ValueError naming the first target that is not finite. */
export function expectFinite(loss: string, { data }: NdArray): void {
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0)
    throw new ValueError(`${loss}: target ${index} is ${data[index]}; expected finite numbers`, { loss, index });
}

/**
 * Reshapes targets to the loss's target shape; as in Keras, a last axis of size 1 is optional.
 * @throws ShapeError with both shapes.
 */
export function alignTargets(loss: Loss, y: NdArray, output: readonly number[]): NdArray {
  const expected = [y.shape[0] ?? 0, ...loss.targetShape(output).slice(1)];
  if (sameShape(y.shape, expected)) return y;
  const trimmed = (shape: readonly number[]) => (shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape);
  if (sizeOf(y.shape) === sizeOf(expected) && sameShape(trimmed(y.shape), trimmed(expected)))
    return { shape: expected, data: y.data };
  throw new ShapeError(
    `${loss.config.name}: targets are ${formatShape(y.shape)}, the model's output is ` +
      `${formatShape(["B", ...output.slice(1)] as unknown as number[])}; expected targets of shape ` +
      `${formatShape(["B", ...expected.slice(1)] as unknown as number[])}`,
    { targets: y.shape, output },
  );
}
