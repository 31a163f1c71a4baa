import { ShapeError, ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { expectOptions, shown } from "../../core/options.ts";
import { formatShape } from "../../core/shape.ts";
import { LayerGraph } from "../graph/layer_graph.ts";
import { nameLayers } from "../graph/layer_names.ts";
import { InputLayer, input, Layer, SymbolicTensor } from "../layers/index.ts";
import { Model } from "./model.ts";
import { MODEL_OPTIONS, type ModelOptions } from "./model_options.ts";

/** What a row of layers is made of: layers, models, and perhaps an `input()` at its head. */
export type SequentialPart = Layer | Model<NdArray | NdArray[]> | SymbolicTensor;

/**
 * A model of layers in a row. A model may stand among them, and `input({ shape })` at the head in place of
 * `inputShape`.
 * @throws ShapeError when a layer does not take the one before it.
 * @throws ValueError when a layer gives several outputs: those need a functional model.
 * @example
 * const model = sequential(
 *   [embedding({ inputDim: 5000, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
 *   { device, inputShape: [500], seed: 7 },
 * );
 */
export function sequential(parts: readonly SequentialPart[], options: ModelOptions): Model {
  expectOptions("sequential", options, MODEL_OPTIONS);
  const [head] = parts;
  const rest = head instanceof SymbolicTensor ? parts.slice(1) : parts;
  const layers = rest.map((part, index) => asLayer(part, index));
  if (layers.length === 0) throw new ValueError("sequential: got no layers; expected at least one");
  nameLayers([...new Set(layers)]);
  const start = head instanceof SymbolicTensor ? expectInput(head) : inputOf(options);
  let tensor = start;
  for (const layer of layers) {
    const { outputs } = callOf(layer, tensor);
    if (outputs.length > 1) {
      throw new ValueError(
        `sequential: ${layer.className} "${layer.name}" gives ${outputs.length} outputs, as with returnState; in ` +
          "a row of layers each passes on one. Leave returnState out, or write a functional model: const [output, " +
          "...states] = layer.call(x), then model({ inputs, outputs }).",
        { layer: layer.name },
      );
    }
    tensor = outputs[0] as SymbolicTensor;
  }
  const graph = new LayerGraph({ inputs: [start], outputs: [tensor], seed: options.seed });
  return new Model(graph, { className: "Sequential", device: options.device, name: options.name });
}

/** The layer's newest call. */
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

function inputOf({ inputShape }: ModelOptions): SymbolicTensor {
  if (inputShape === undefined) {
    throw new ValueError(
      "sequential: the input's shape is missing; give inputShape, such as [500], " +
        "or input({ shape: [500] }) as the first part",
    );
  }
  if (!Array.isArray(inputShape) || inputShape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ShapeError(
      `sequential: inputShape is ${Array.isArray(inputShape) ? formatShape(inputShape) : shown(inputShape)}; ` +
        "expected a list of whole sizes of at least 1, without the batch",
      { inputShape },
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
