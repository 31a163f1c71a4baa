/** Every layer by Keras's class name: how a saved one is made again. */

import { FormatError } from "../../core/errors.ts";
import { arrayOf, flagOf, objectOf, textOf } from "../../core/json_check.ts";
import { readValue, text } from "../../core/option_table.ts";
import type { ActivationLike } from "../activations/index.ts";
import { Activation, Elu, LeakyRelu, PRelu, Relu, Softmax } from "./activation.ts";
import { AdditiveAttention, Attention } from "./attention.ts";
import { Bidirectional } from "./bidirectional.ts";
import type { RnnCell } from "./cell.ts";
import { Conv1d } from "./conv1d.ts";
import { Dense } from "./dense.ts";
import { Dot } from "./dot.ts";
import { Dropout } from "./dropout.ts";
import { Embedding } from "./embedding.ts";
import { GlobalAveragePooling1d, GlobalMaxPooling1d } from "./global_pooling.ts";
import { Gru } from "./gru.ts";
import { GruCell } from "./gru_cell.ts";
import type { Layer } from "./layer.ts";
import { Lstm } from "./lstm.ts";
import { LstmCell } from "./lstm_cell.ts";
import { Masking } from "./masking.ts";
import { Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract } from "./merging.ts";
import { MultiHeadAttention } from "./multi_head_attention.ts";
import { AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1d } from "./noise.ts";
import { BatchNormalization, LayerNormalization } from "./normalization.ts";
import { PeepholeLstmCell } from "./peephole_lstm_cell.ts";
import { AveragePooling1d, MaxPooling1d } from "./pooling.ts";
import { Cropping1d, Flatten, Permute, RepeatVector, Reshape, UpSampling1d, ZeroPadding1d } from "./reshaping.ts";
import { Rnn } from "./rnn.ts";
import { SimpleRnn } from "./simple_rnn.ts";
import { SimpleRnnCell } from "./simple_rnn_cell.ts";
import { StackedRnnCells } from "./stacked_cells.ts";
import { TimeDistributed } from "./time_distributed.ts";

/** The most cells that one is made of. */
const MOST_CELLS = 1000;

/** Options as a saved model has them. */
type SavedOptions = Readonly<Record<string, unknown>>;
type Make = (options: SavedOptions, name: string) => Layer;

/** A class whose constructor takes its options, and checks them. */
function of<O extends object>(layerClass: new (options: O) => Layer): Make {
  return (options, name) => new layerClass({ ...options, name } as unknown as O);
}

/** A layer inside another's options. */
function inside(saved: unknown): Layer {
  const fields = objectOf(saved, "a layer inside another");
  const layer = layerFromConfig(
    textOf(fields.get("className"), "a layer's className"),
    Object.fromEntries(objectOf(fields.get("config"), "a layer's config")),
    textOf(fields.get("name") ?? "", "a layer's name"),
  );
  layer.trainable = flagOf(fields.get("trainable") ?? true, "a layer's trainable");
  return layer;
}

function bidirectionalFrom({ layer, backwardLayer, ...options }: SavedOptions, name: string): Layer {
  return new Bidirectional({
    ...options,
    name,
    layer: inside(layer) as Rnn,
    ...(backwardLayer !== undefined && { backwardLayer: inside(backwardLayer) as Rnn }),
  });
}

const BY_CLASS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ["Activation", (options, name) => new Activation(options.activation as ActivationLike, { ...options, name })],
  ["Add", of(Add)],
  ["AdditiveAttention", of(AdditiveAttention)],
  ["AlphaDropout", of(AlphaDropout)],
  ["Attention", of(Attention)],
  ["Average", of(Average)],
  ["AveragePooling1D", of(AveragePooling1d)],
  ["BatchNormalization", of(BatchNormalization)],
  ["Bidirectional", bidirectionalFrom],
  ["Concatenate", of(Concatenate)],
  ["Conv1D", of(Conv1d)],
  ["Cropping1D", of(Cropping1d)],
  ["Dense", of(Dense)],
  ["Dot", of(Dot)],
  ["Dropout", of(Dropout)],
  ["ELU", of(Elu)],
  ["Embedding", of(Embedding)],
  ["Flatten", of(Flatten)],
  ["GaussianDropout", of(GaussianDropout)],
  ["GaussianNoise", of(GaussianNoise)],
  ["GlobalAveragePooling1D", of(GlobalAveragePooling1d)],
  ["GlobalMaxPooling1D", of(GlobalMaxPooling1d)],
  ["GRU", of(Gru)],
  ["GRUCell", of(GruCell)],
  ["LSTM", of(Lstm)],
  ["LSTMCell", of(LstmCell)],
  ["LayerNormalization", of(LayerNormalization)],
  ["LeakyReLU", of(LeakyRelu)],
  ["Masking", of(Masking)],
  ["MaxPooling1D", of(MaxPooling1d)],
  ["Maximum", of(Maximum)],
  ["Minimum", of(Minimum)],
  ["MultiHeadAttention", of(MultiHeadAttention)],
  ["Multiply", of(Multiply)],
  ["PReLU", of(PRelu)],
  ["PeepholeLSTMCell", of(PeepholeLstmCell)],
  ["Permute", of(Permute)],
  ["RNN", (options, name) => new Rnn(inside(options.cell) as RnnCell, { ...options, name })],
  ["ReLU", of(Relu)],
  ["RepeatVector", of(RepeatVector)],
  ["Reshape", of(Reshape)],
  ["SimpleRNN", of(SimpleRnn)],
  ["SimpleRNNCell", of(SimpleRnnCell)],
  ["Softmax", of(Softmax)],
  ["SpatialDropout1D", of(SpatialDropout1d)],
  [
    "StackedRNNCells",
    (options, name) =>
      new StackedRnnCells(arrayOf(options.cells, "cells", MOST_CELLS).map(inside) as RnnCell[], { name }),
  ],
  ["Subtract", of(Subtract)],
  ["TimeDistributed", (options, name) => new TimeDistributed({ ...options, layer: inside(options.layer), name })],
  ["UpSampling1D", of(UpSampling1d)],
  ["ZeroPadding1D", of(ZeroPadding1d)],
]);

/** @throws FormatError for a class that this version does not have. */
export function layerFromConfig(className: string, options: SavedOptions, name: string): Layer {
  readValue("layerFromConfig", "className", text, className);
  const make = BY_CLASS.get(className);
  if (make === undefined) {
    throw new FormatError(
      `the model has a layer of class "${className}", which this version lacks; it has ` +
        `${[...BY_CLASS.keys()].join(", ")}`,
      { className },
    );
  }
  return make(options, name);
}
