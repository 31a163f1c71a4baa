/** Layers against Keras's outputs and gradients, from random weights. */
import type { Layer } from "../../src/nn/layers/index.ts";
import * as layers from "../../src/nn/layers/index.ts";
import layerFixtures from "../fixtures/keras_layers.json" with { type: "json" };
import recurrentFixtures from "../fixtures/keras_recurrent.json" with { type: "json" };
import type { Tolerance } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";
import { compareLayer, type KerasLayerCase } from "./keras_case.ts";

const others = layerFixtures as unknown as readonly (KerasLayerCase & { readonly layer: string })[];

/** Layers by the names that the fixtures have for them. */
const factories = layers as unknown as Readonly<Record<string, (options: unknown) => Layer>>;

type RecurrentCase = KerasLayerCase & {
  readonly layer: "lstm" | "gru" | "simpleRnn";
  readonly wrapper?: { readonly mergeMode: layers.MergeMode };
};

const recurrent = recurrentFixtures as unknown as readonly RecurrentCase[];

/**
 * Keras's own float32 is this far from a float64 run of the same case, which Sluice's figures follow to 1e-5:
 * thirty-three steps of a layer whose states swing between -1 and 1 amplify each rounding.
 */
const TOLERANCES: Readonly<Record<string, Tolerance>> = {
  "SimpleRNN 2x33x3->17": { absolute: 3e-4, relative: 1e-3 },
};

function recurrentLayer({ layer, options, wrapper }: RecurrentCase): Layer {
  const inner = factories[layer]?.(options) as layers.Rnn;
  return wrapper === undefined ? inner : layers.bidirectional({ layer: inner, mergeMode: wrapper.mergeMode });
}

/** One case for each of Keras's. */
export const kerasLayerCases: readonly ConformanceCase[] = [
  ...recurrent.map(
    (fixture): ConformanceCase => ({
      name: `keras: ${fixture.name}`,
      run: (device) => compareLayer(device, recurrentLayer(fixture), fixture, TOLERANCES[fixture.name]),
    }),
  ),
  ...others.map(
    (fixture): ConformanceCase => ({
      name: `keras: ${fixture.name}`,
      run: (device) => compareLayer(device, factories[fixture.layer]?.(fixture.options) as Layer, fixture),
    }),
  ),
];
