/** The rows of recurrent layers, their cells and their wrappers. */
import type { Bidirectional, Layer, Rnn, StackedRnnCells, TimeDistributed } from "../nn/layers/index.ts";
import { innerLayer, innerLayers, mergeMode } from "./inner_options.ts";
import type { LayerRow } from "./layer_row.ts";
import { activation, flag, ignored, initializer, number, type Option, seed } from "./options.ts";
import { parts, regularizer } from "./parts.ts";

/** A recurrent layer's cell, which has its weights. */
const cellOf = (layer: Layer) => ({ cell: (layer as Rnn).cell });

const SEQUENCE = {
  return_sequences: flag(false),
  return_state: flag(false),
  go_backwards: flag(false),
  stateful: flag(false),
  unroll: ignored(false),
  zero_output_for_mask: flag(false),
};

const CALL = ["sequences", "initial_state", "mask"];

const RECURRENT_WEIGHTS = ["kernel", "recurrent", "bias"];

const RECURRENT_INITIALIZERS = {
  kernel_initializer: initializer("glorot_uniform"),
  recurrent_initializer: initializer("orthogonal"),
  bias_initializer: initializer("zeros"),
};

const RECURRENT_REST = {
  ...parts(RECURRENT_WEIGHTS, "regularizer"),
  activity_regularizer: regularizer,
  ...parts(RECURRENT_WEIGHTS, "constraint"),
  dropout: number(0),
  recurrent_dropout: number(0),
};

const GATES = {
  units: number(),
  activation: activation("tanh"),
  recurrent_activation: activation("sigmoid"),
  use_bias: flag(true),
  ...RECURRENT_INITIALIZERS,
};

const LSTM = { ...GATES, unit_forget_bias: flag(true), ...RECURRENT_REST, seed };
const GRU = { ...GATES, ...RECURRENT_REST, reset_after: flag(true), seed };
const SIMPLE = {
  units: number(),
  activation: activation("tanh"),
  use_bias: flag(true),
  ...RECURRENT_INITIALIZERS,
  ...RECURRENT_REST,
  seed,
};

/** The row of a cell: activity regularizers belong to the layer. */
function cellRow({ activity_regularizer: _, ...options }: Readonly<Record<string, Option>>): LayerRow {
  return { options };
}

/** The rows by Keras's class. */
export const RECURRENT_ROWS: readonly (readonly [className: string, row: LayerRow])[] = [
  [
    "LSTM",
    {
      inside: cellOf,
      hiddenAxes: 1,
      callArguments: CALL,
      options: { ...SEQUENCE, ...LSTM },
    },
  ],
  [
    "GRU",
    {
      inside: cellOf,
      hiddenAxes: 1,
      callArguments: CALL,
      options: { ...SEQUENCE, ...GRU },
    },
  ],
  [
    "SimpleRNN",
    {
      inside: cellOf,
      hiddenAxes: 1,
      callArguments: CALL,
      options: { ...SEQUENCE, ...SIMPLE },
    },
  ],
  ["LSTMCell", cellRow(LSTM)],
  ["GRUCell", cellRow(GRU)],
  ["SimpleRNNCell", cellRow(SIMPLE)],
  [
    "StackedRNNCells",
    { options: { cells: innerLayers }, inside: (layer) => ({ cells: (layer as StackedRnnCells).cells }) },
  ],
  ["RNN", { options: { ...SEQUENCE, cell: innerLayer() }, inside: cellOf, hiddenAxes: 1, callArguments: CALL }],
  [
    "Bidirectional",
    {
      options: { merge_mode: mergeMode, layer: innerLayer(), backward_layer: innerLayer(null) },
      inside: (layer) => ({
        forward_layer: (layer as Bidirectional).forwardLayer,
        backward_layer: (layer as Bidirectional).backwardLayer,
      }),
      callArguments: CALL,
    },
  ],
  [
    "TimeDistributed",
    {
      options: { layer: innerLayer() },
      inside: (layer) => ({ layer: (layer as TimeDistributed).layer }),
      hiddenAxes: 1,
    },
  ],
];
