/** The seed and random stream of a weight's initial values, set by the outermost model before they are drawn. */
import { ValueError } from "../../core/errors.ts";
import { isFiniteArray } from "../../core/float32_check.ts";
import { Random } from "../../core/random.ts";
import { Variable } from "../../graph/operation.ts";
import type { Layer, WeightSpec } from "../layers/index.ts";

interface Origin {
  seed: number;
  stream: number;
  /** True if the model's seed was given explicitly; an outer model then does not change it. */
  isFixed: boolean;
}

const origins = new WeakMap<Variable, Origin>();

/** Creates a layer's weight. Its initial values are drawn when it is first used on a device. */
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

/** Gives every weight its own random stream. Weights of a nested model with an explicit seed keep theirs. */
export function seedWeights(weights: readonly Variable[], seed: number, isFixed: boolean): void {
  for (const [stream, weight] of weights.entries()) {
    const origin = origins.get(weight);
    if (origin === undefined || origin.isFixed) continue;
    origin.seed = seed;
    origin.stream = stream;
    origin.isFixed = isFixed;
  }
}
