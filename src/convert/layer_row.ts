import type { Layer } from "../nn/layers/index.ts";
import type { Option } from "./options.ts";

/** A layer's row in the layer table. */
export interface LayerRow {
  /** Options by Keras's names. */
  readonly options: Readonly<Record<string, Option>>;
  /** True if Keras writes the input shape that the layer was built with; layers with weights always have it. */
  readonly isBuilt?: boolean;
  /** The nested layers by Keras's names. */
  readonly inside?: (layer: Layer) => Readonly<Record<string, Layer | readonly Layer[]>>;
  /** Nested layers in Keras, by name, whose weights belong to the layer itself in Sluice. */
  readonly groups?: (
    layer: Layer,
  ) => Readonly<Record<string, { readonly name: string; readonly weights: Layer["weights"] }>>;
  /** The positional arguments of Keras's `call`, if a file may give more than the first one. */
  readonly callArguments?: readonly string[];
  /** The arguments for the inputs, if each input is a separate argument; otherwise the first takes them all. */
  readonly inputArguments?: readonly string[];
  /** Options of Sluice's layer that are call arguments in Keras, by Keras's names. */
  readonly callOptions?: Readonly<Record<string, string>>;
  /** The number of axes besides the batch that are hidden from a nested layer. */
  readonly hiddenAxes?: number;
}
