/** Where a weight's first numbers come from: a seed and a stream, settled by the outermost model before they are drawn. */
import { ValueError } from "../../core/errors.ts";
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
      const data = initializer.fill(shape, new Random(origin.seed, origin.stream));
      expectFinite(data, `the initializer "${initializer.config.name}" of "${layer.name}/${name}"`);
      return { shape, data };
    },
  });
  origins.set(weight, origin);
  return weight;
}

/** @throws ValueError for numbers of which no training could begin, and which no save is loaded with. */
function expectFinite(data: Float32Array, what: string): void {
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) throw new ValueError(`${what} gave ${data[index]} at ${index}; expected finite numbers`, { index });
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
