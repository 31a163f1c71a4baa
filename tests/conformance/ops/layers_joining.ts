/**
 * Layers of several inputs, with and without masks: on the GPU against float64, with gradients by inputs and weights.
 */
import * as nn from "../../../src/nn/layers/index.ts";
import { layerCase } from "./layer_case.ts";
import type { OpCase } from "./op_case.ts";

const PAIR = {
  shapes: [
    [2, 5, 3],
    [2, 5, 3],
  ],
};
const THREE = { shapes: [...PAIR.shapes, [2, 5, 3]] };
/** A query, a value of other features, and a key. */
const KEYED = {
  shapes: [
    [2, 5, 4],
    [2, 7, 3],
    [2, 7, 4],
  ],
};
const QUERIED = {
  shapes: [
    [2, 5, 4],
    [2, 7, 4],
  ],
};

const merges: readonly OpCase[] = (["Add", "Multiply", "Average", "Maximum", "Minimum"] as const).flatMap((name) => {
  const make = {
    Add: nn.add,
    Multiply: nn.multiply,
    Average: nn.average,
    Maximum: nn.maximum,
    Minimum: nn.minimum,
  }[name];
  return [
    layerCase(`layer ${name}`, "three", () => make(), THREE),
    layerCase(`layer ${name}`, "three masks", () => make(), { ...THREE, masked: [0, 1, 2] }),
    layerCase(`layer ${name}`, "one mask", () => make(), { ...THREE, masked: [1] }),
    layerCase(`layer ${name}`, "other ranks", () => make(), {
      shapes: [
        [2, 5, 3],
        [2, 3],
      ],
    }),
  ];
});

const concatenations: readonly OpCase[] = [
  layerCase("layer Concatenate", "features, both masked", () => nn.concatenate(), { ...PAIR, masked: [0, 1] }),
  layerCase("layer Concatenate", "time, both masked", () => nn.concatenate({ axis: 1 }), { ...PAIR, masked: [0, 1] }),
  layerCase("layer Concatenate", "time, one masked", () => nn.concatenate({ axis: -2 }), { ...PAIR, masked: [1] }),
  layerCase("layer Subtract", "a pair", () => nn.subtract(), PAIR),
];

const dots: readonly OpCase[] = [
  layerCase("layer Dot", "vectors, normalized", () => nn.dot({ axes: -1, normalize: true }), {
    shapes: [
      [3, 6],
      [3, 6],
    ],
  }),
  layerCase("layer Dot", "sequences over features", () => nn.dot({ axes: [2, 2] }), QUERIED),
  layerCase("layer Dot", "sequences over time", () => nn.dot({ axes: 1, normalize: true }), PAIR),
  layerCase("layer Dot", "a sequence and a vector", () => nn.dot({ axes: [2, 1] }), {
    shapes: [
      [2, 5, 3],
      [2, 3],
    ],
  }),
  layerCase("layer Dot", "four axes", () => nn.dot({ axes: [2, 1] }), {
    shapes: [
      [2, 3, 5, 2],
      [2, 5, 4],
    ],
  }),
];

const attentions: readonly OpCase[] = [
  layerCase("layer Attention", "plain", () => nn.attention(), QUERIED),
  layerCase("layer Attention", "key, masks, causal", () => nn.attention({ useScale: true, useCausalMask: true }), {
    ...KEYED,
    masked: [0, 1],
  }),
  layerCase("layer Attention", "concat, scaled", () => nn.attention({ scoreMode: "concat", useScale: true }), KEYED),
  layerCase("layer Attention", "concat, masked", () => nn.attention({ scoreMode: "concat" }), {
    ...KEYED,
    masked: [1],
  }),
  layerCase("layer Attention", "dropout", () => nn.attention({ dropout: 0.4 }), { ...QUERIED, training: true }),
  layerCase("layer AdditiveAttention", "masks", () => nn.additiveAttention(), { ...KEYED, masked: [0, 1] }),
  layerCase(
    "layer AdditiveAttention",
    "no scale, causal",
    () => nn.additiveAttention({ useScale: false, useCausalMask: true }),
    QUERIED,
  ),
  layerCase("layer MultiHeadAttention", "plain", () => nn.multiHeadAttention({ numHeads: 2, keyDim: 3 }), QUERIED),
  layerCase(
    "layer MultiHeadAttention",
    "every option",
    () =>
      nn.multiHeadAttention({
        numHeads: 3,
        keyDim: 2,
        valueDim: 4,
        outputShape: 5,
        useBias: false,
        useCausalMask: true,
      }),
    { ...KEYED, masked: [1, 2] },
  ),
  layerCase(
    "layer MultiHeadAttention",
    "dropout",
    () => nn.multiHeadAttention({ numHeads: 1, keyDim: 3, dropout: 0.3 }),
    {
      ...QUERIED,
      training: true,
    },
  ),
].map((each) => ({ ...each, tolerance: { absolute: 1e-5, relative: 5e-5 } }));

/** Cases of layers with several inputs. */
export const joiningCases: readonly OpCase[] = [...merges, ...concatenations, ...dots, ...attentions];
