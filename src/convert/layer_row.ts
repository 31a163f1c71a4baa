import type { Layer } from "../nn/layers/index.ts";
import type { Option } from "./options.ts";

/** A layer's row. */
export interface LayerRow {
  /** By Keras's names. */
  readonly options: Readonly<Record<string, Option>>;
  /** Keras writes the input's shape of a layer that builds itself from it; those with weights always do. */
  readonly isBuilt?: boolean;
  /** Keras's names of the layers inside, and what Sluice has there. */
  readonly inside?: (layer: Layer) => Readonly<Record<string, Layer | readonly Layer[]>>;
  /** By Keras's names, layers inside that are weights of the layer itself here: their own names and weights. */
  readonly groups?: (
    layer: Layer,
  ) => Readonly<Record<string, { readonly name: string; readonly weights: Layer["weights"] }>>;
  /** The arguments of Keras's `call` in their order, where a file may give more than the first by its place. */
  readonly callArguments?: readonly string[];
  /** The arguments that take the inputs, where each input is one; else the first takes them all. */
  readonly inputArguments?: readonly string[];
  /** Options of the layer here that are arguments of its calls in Keras, by Keras's names. */
  readonly callOptions?: Readonly<Record<string, string>>;
  /** How many axes beside the batch a layer inside does not see. */
  readonly hiddenAxes?: number;
}
