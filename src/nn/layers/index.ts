/** The layers, and how a saved one is made again. */
import { FormatError } from "../../core/errors.ts";
import type { ActivationName } from "../activations.ts";
import { Dense, type DenseOptions } from "./dense.ts";
import { Embedding, type EmbeddingOptions } from "./embedding.ts";
import type { Layer } from "./layer.ts";
import { Lstm, type LstmOptions } from "./lstm.ts";
import { Activation, Dropout, type DropoutOptions, Flatten } from "./simple.ts";

export { Dense, type DenseOptions, dense } from "./dense.ts";
export { Embedding, type EmbeddingOptions, embedding } from "./embedding.ts";
export {
  type CallContext,
  type CallResult,
  type InputCount,
  Layer,
  type LayerConfig,
  type WeightSpec,
} from "./layer.ts";
export { Lstm, type LstmOptions, lstm } from "./lstm.ts";
export { MergeLayer } from "./merge_layer.ts";
export { Activation, activation, Dropout, type DropoutOptions, dropout, Flatten, flatten } from "./simple.ts";

type Make = (options: Readonly<Record<string, unknown>>, name: string) => Layer;

/** Makes each layer from its saved options; the constructors check them. */
const BY_CLASS = new Map<string, Make>([
  ["Embedding", (options, name) => new Embedding({ ...(options as unknown as EmbeddingOptions), name })],
  ["LSTM", (options, name) => new Lstm({ ...(options as unknown as LstmOptions), name })],
  ["Dense", (options, name) => new Dense({ ...(options as unknown as DenseOptions), name })],
  ["Dropout", (options, name) => new Dropout({ ...(options as unknown as DropoutOptions), name })],
  ["Activation", (options, name) => new Activation(String(options.activation) as ActivationName, { name })],
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
