/**
 * Where a weight's first numbers come from: a seed and a stream, settled by the outermost model before they are drawn.
 */
import { ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import { Random } from "../../core/random.ts";
import { Variable } from "../../graph/operation.ts";
import type { Layer, WeightSpec } from "../layers/index.ts";

interface Origin {
  seed: number;
  stream: number;
  /** The model was given its seed: a model around it does not choose another. */
  isFixed: boolean;
}

const origins = new WeakMap<Variable, Origin>();

/** A layer's weight. Its numbers are drawn when a device first meets it. */
export function makeWeight(layer: Layer, { name, shape, initializer, trainable }: WeightSpec): Variable {
  const origin: Origin = { seed: 0, stream: 0, isFixed: false };
  const weight = new Variable({
    name: `${layer.name}/${name}`,
    shape,
    trainable: trainable ?? true,
    initial: () => {
      const array = { shape, data: initializer.fill(shape, new Random(origin.seed, origin.stream)) };
      if (isFiniteArray(array)) return array;
      throw new ValueError(
        `the initializer ${initializer.config.name} gave "${weight.name}" a number that is not finite; expected ` +
          "finite float32 numbers",
        { weight: weight.name },
      );
    },
  });
  origins.set(weight, origin);
  return weight;
}

/** Gives every weight a stream of its own. Weights of an inner model that has a seed of its own keep theirs. */
export function seedWeights(weights: readonly Variable[], seed: number, isFixed: boolean): void {
  for (const [stream, weight] of weights.entries()) {
    const origin = origins.get(weight);
    if (origin === undefined || origin.isFixed) continue;
    origin.seed = seed;
    origin.stream = stream;
    origin.isFixed = isFixed;
  }
}
