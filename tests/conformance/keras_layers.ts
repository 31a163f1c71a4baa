/** LSTM, dense and embedding layers against Keras's outputs and gradients, from random weights. */
import {
  type DenseOptions,
  dense,
  type EmbeddingOptions,
  embedding,
  type LstmOptions,
  lstm,
} from "../../src/nn/layers/index.ts";
import layerFixtures from "../fixtures/keras_layers.json" with { type: "json" };
import lstmFixtures from "../fixtures/keras_lstm.json" with { type: "json" };
import type { ConformanceCase } from "./case.ts";
import { compareLayer, type KerasLayerCase } from "./keras_case.ts";

const others = layerFixtures as unknown as readonly (KerasLayerCase & { readonly layer: string })[];

/** One case for each of Keras's. */
export const kerasLayerCases: readonly ConformanceCase[] = [
  ...(lstmFixtures as unknown as readonly KerasLayerCase[]).map(
    (fixture): ConformanceCase => ({
      name: `keras: ${fixture.name}`,
      run: (device) => compareLayer(device, lstm(fixture.options as unknown as LstmOptions), fixture),
    }),
  ),
  ...others.map((fixture): ConformanceCase => {
    const make = () =>
      fixture.layer === "dense"
        ? dense(fixture.options as unknown as DenseOptions)
        : embedding(fixture.options as unknown as EmbeddingOptions);
    return { name: `keras: ${fixture.name}`, run: (device) => compareLayer(device, make(), fixture) };
  }),
];
