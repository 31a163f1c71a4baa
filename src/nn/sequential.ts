import type { Layer } from "./layers/index.ts";
import { Model } from "./model.ts";
import type { ModelOptions } from "./model_options.ts";

/**
 * A model of layers in a row.
 * @throws ShapeError when a layer does not take the one before it.
 * @example
 * const model = sequential(
 *   [embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
 *   { device, inputShape: [500], seed: 7 },
 * );
 */
export function sequential(layers: readonly Layer[], options: ModelOptions): Model {
  return new Model(layers, options);
}
