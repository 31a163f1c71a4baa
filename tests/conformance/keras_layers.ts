/** Layers against Keras's outputs and gradients, from random weights. */
import type { Layer } from "../../src/nn/layers/index.ts";
import * as layers from "../../src/nn/layers/index.ts";
import layerFixtures from "../fixtures/keras_layers.json" with { type: "json" };
import lstmFixtures from "../fixtures/keras_lstm.json" with { type: "json" };
import type { ConformanceCase } from "./case.ts";
import { compareLayer, type KerasLayerCase } from "./keras_case.ts";

const others = layerFixtures as unknown as readonly (KerasLayerCase & { readonly layer: string })[];

/** Layers by the names that the fixtures have for them. */
const factories = layers as unknown as Readonly<Record<string, (options: unknown) => Layer>>;

/** One case for each of Keras's. */
export const kerasLayerCases: readonly ConformanceCase[] = [
  ...(lstmFixtures as unknown as readonly KerasLayerCase[]).map(
    (fixture): ConformanceCase => ({
      name: `keras: ${fixture.name}`,
      run: (device) => compareLayer(device, layers.lstm(fixture.options as unknown as layers.LstmOptions), fixture),
    }),
  ),
  ...others.map(
    (fixture): ConformanceCase => ({
      name: `keras: ${fixture.name}`,
      run: (device) => compareLayer(device, factories[fixture.layer]?.(fixture.options) as Layer, fixture),
    }),
  ),
];
