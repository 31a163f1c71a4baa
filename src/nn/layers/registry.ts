/** Every layer by Keras's class name: how a saved one is made again. */
import { FormatError } from "../../core/errors.ts";
import type { ActivationLike } from "../activations.ts";
import { Activation, Elu, LeakyRelu, PRelu, Relu, Softmax } from "./activation.ts";
import { AdditiveAttention, Attention } from "./attention.ts";
import { Conv1d } from "./conv1d.ts";
import { Dense } from "./dense.ts";
import { Dot } from "./dot.ts";
import { AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1d } from "./dropout.ts";
import { Embedding } from "./embedding.ts";
import { GlobalAveragePooling1d, GlobalMaxPooling1d } from "./global_pooling.ts";
import type { Layer } from "./layer.ts";
import { Lstm } from "./lstm.ts";
import { Masking } from "./masking.ts";
import { Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract } from "./merging.ts";
import { MultiHeadAttention } from "./multi_head_attention.ts";
import { BatchNormalization, LayerNormalization } from "./normalization.ts";
import { AveragePooling1d, MaxPooling1d } from "./pooling.ts";
import { Cropping1d, Flatten, Permute, RepeatVector, Reshape, UpSampling1d, ZeroPadding1d } from "./reshaping.ts";

type SavedOptions = Readonly<Record<string, unknown>>;
type Make = (options: SavedOptions, name: string) => Layer;

/** A class whose constructor takes its options, and checks them. */
function of<O extends object>(layerClass: new (options: O) => Layer): Make {
  return (options, name) => new layerClass({ ...options, name } as unknown as O);
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
  ["LSTM", of(Lstm)],
  ["LayerNormalization", of(LayerNormalization)],
  ["LeakyReLU", of(LeakyRelu)],
  ["Masking", of(Masking)],
  ["MaxPooling1D", of(MaxPooling1d)],
  ["Maximum", of(Maximum)],
  ["Minimum", of(Minimum)],
  ["MultiHeadAttention", of(MultiHeadAttention)],
  ["Multiply", of(Multiply)],
  ["PReLU", of(PRelu)],
  ["Permute", of(Permute)],
  ["ReLU", of(Relu)],
  ["RepeatVector", of(RepeatVector)],
  ["Reshape", of(Reshape)],
  ["Softmax", of(Softmax)],
  ["SpatialDropout1D", of(SpatialDropout1d)],
  ["Subtract", of(Subtract)],
  ["UpSampling1D", of(UpSampling1d)],
  ["ZeroPadding1D", of(ZeroPadding1d)],
]);

/** @throws FormatError for a class that this version does not have. */
export function layerFromConfig(className: string, options: SavedOptions, name: string): Layer {
  const make = BY_CLASS.get(className);
  if (make === undefined) {
    throw new FormatError(
      `the model has a layer of class "${className}", which this version lacks; it has ${[...BY_CLASS.keys()].join(", ")}`,
      { className },
    );
  }
  return make(options, name);
}
