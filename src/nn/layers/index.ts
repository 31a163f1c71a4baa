/** The layers, and how a saved one is made again. */
import { FormatError } from "../../core/errors.ts";
import type { ActivationLike } from "../activations.ts";
import {
  Activation,
  Elu,
  type EluOptions,
  LeakyRelu,
  type LeakyReluOptions,
  PRelu,
  type PReluOptions,
  Relu,
  type ReluOptions,
  Softmax,
  type SoftmaxOptions,
} from "./activation.ts";
import { Dense, type DenseOptions } from "./dense.ts";
import { Embedding, type EmbeddingOptions } from "./embedding.ts";
import type { Layer } from "./layer.ts";
import { Lstm, type LstmOptions } from "./lstm.ts";
import { Dropout, type DropoutOptions, Flatten } from "./simple.ts";

export {
  Activation,
  activation,
  Elu,
  type EluOptions,
  elu,
  LeakyRelu,
  type LeakyReluOptions,
  leakyRelu,
  PRelu,
  type PReluOptions,
  prelu,
  Relu,
  type ReluOptions,
  relu,
  Softmax,
  type SoftmaxOptions,
  softmax,
} from "./activation.ts";
export { Dense, type DenseOptions, dense } from "./dense.ts";
export { Embedding, type EmbeddingOptions, embedding } from "./embedding.ts";
export {
  type CallContext,
  type CallResult,
  type InputCount,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
export { Lstm, type LstmOptions, lstm } from "./lstm.ts";
export { MergeLayer } from "./merge_layer.ts";
export { Dropout, type DropoutOptions, dropout, Flatten, flatten } from "./simple.ts";
export { type WeightOptions, WeightRule } from "./weight_options.ts";

type Make = (options: Readonly<Record<string, unknown>>, name: string) => Layer;

/** Makes each layer from its saved options; the constructors check them. */
const BY_CLASS = new Map<string, Make>([
  ["Embedding", (options, name) => new Embedding({ ...(options as unknown as EmbeddingOptions), name })],
  ["LSTM", (options, name) => new Lstm({ ...(options as unknown as LstmOptions), name })],
  ["Dense", (options, name) => new Dense({ ...(options as unknown as DenseOptions), name })],
  ["Dropout", (options, name) => new Dropout({ ...(options as unknown as DropoutOptions), name })],
  ["Activation", (options, name) => new Activation(options.activation as ActivationLike, { name })],
  ["ReLU", (options, name) => new Relu({ ...(options as ReluOptions), name })],
  ["LeakyReLU", (options, name) => new LeakyRelu({ ...(options as LeakyReluOptions), name })],
  ["ELU", (options, name) => new Elu({ ...(options as EluOptions), name })],
  ["Softmax", (options, name) => new Softmax({ ...(options as SoftmaxOptions), name })],
  ["PReLU", (options, name) => new PRelu({ ...(options as PReluOptions), name })],
  ["Flatten", (_options, name) => new Flatten(name)],
]);

/** @throws FormatError for a class that this version does not have. */
export function layerFromConfig(className: string, options: Readonly<Record<string, unknown>>, name: string): Layer {
  const make = BY_CLASS.get(className);
  if (make === undefined) {
    throw new FormatError(
      `the model has a layer of class "${className}", which this version lacks; it has ${[...BY_CLASS.keys()].join(", ")}`,
      { className },
    );
  }
  return make(options, name);
}
