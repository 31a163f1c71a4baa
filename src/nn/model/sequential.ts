import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { readOptions } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import { LayerGraph } from "../graph/layer_graph.ts";
import { nameLayers } from "../graph/layer_names.ts";
import { InputLayer, input, Layer, SymbolicTensor } from "../layers/index.ts";
import { Model } from "./model.ts";
import { MODEL, type ModelOptions } from "./model_options.ts";

/** A part of a sequential model: a layer, a model, or, as the first part, an `input()`. */
export type SequentialPart = Layer | Model<NdArray | NdArray[]> | SymbolicTensor;

/**
 * Creates a linear stack of layers. A part may also be a model; `input({ shape })` as the first part replaces
 * `inputShape`.
 * @throws ShapeError if a layer does not accept the output of the one before it.
 * @throws ValueError if a layer has several outputs: those need a functional model.
 * @example
 * const model = sequential(
 *   [embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
 *   { device, inputShape: [500], seed: 7 },
 * );
 */
export function sequential(parts: readonly SequentialPart[], options: ModelOptions): Model {
  if (!Array.isArray(parts)) {
    throw new ValueError(
      `sequential: got ${shown(parts)}; expected a list of layers, as in sequential([lstm({ units: 8 }), dense({ ` +
        "units: 1 })], { device, inputShape: [500] })",
    );
  }
  const { device, inputShape, seed, name } = readOptions("sequential(layers)", MODEL, options);
  const [head] = parts;
  const rest = head instanceof SymbolicTensor ? parts.slice(1) : parts;
  const layers = Array.from(rest, asLayer);
  if (layers.length === 0) throw new ValueError("sequential: got no layers; expected at least one");
  nameLayers([...new Set(layers)]);
  const start = head instanceof SymbolicTensor ? expectInput(head) : inputOf(inputShape);
  let tensor = start;
  for (const layer of layers) {
    const { outputs } = callOf(layer, tensor);
    if (outputs.length > 1) {
      throw new ValueError(
        `sequential: ${layer.className} "${layer.name}" has ${outputs.length} outputs, as with returnState; in ` +
          "a sequential model each layer has one. Omit returnState, or write a functional model: const [output, " +
          "...states] = layer.call(x), then model({ inputs, outputs }).",
        { layer: layer.name },
      );
    }
    tensor = outputs[0] as SymbolicTensor;
  }
  const graph = new LayerGraph({ inputs: [start], outputs: [tensor], seed });
  return new Model(graph, { className: "Sequential", device, name });
}

/** The layer's most recent call. */
function callOf(layer: Layer, tensor: SymbolicTensor) {
  layer.call(tensor);
  return layer.nodes.at(-1) as Layer["nodes"][number];
}

function asLayer(part: SequentialPart, index: number): Layer {
  if (part instanceof Model) return part.asLayer();
  if (part instanceof SymbolicTensor) {
    throw new ValueError(
      `sequential: part ${index} is a symbolic tensor; only the first may be one, of input({ shape })`,
    );
  }
  if (part instanceof Layer) return part;
  throw new ValueError(`sequential: part ${index} is ${shown(part)}; expected a layer, such as dense({ units: 1 })`);
}

function inputOf(inputShape: Shape | undefined): SymbolicTensor {
  if (inputShape === undefined) {
    throw new ValueError(
      "sequential: the input's shape is missing; give inputShape, such as [500], " +
        "or input({ shape: [500] }) as the first part",
    );
  }
  return input({ shape: inputShape });
}

function expectInput(head: SymbolicTensor): SymbolicTensor {
  if (head.node.layer instanceof InputLayer) return head;
  throw new ValueError(
    `sequential: the first part is ${head.source}, a layer's output; expected input({ shape }) or a layer`,
  );
}
