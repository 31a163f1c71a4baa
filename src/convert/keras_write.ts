/** Writes a model's configuration in Keras 3's format, `config.json`. */
import type { Shape } from "../core/shape.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { orderOf } from "../nn/graph/graph_order.ts";
import type { LayerGraph } from "../nn/graph/layer_graph.ts";
import { NestedModel } from "../nn/graph/nested_model.ts";
import { InputLayer, type Layer, type LayerNode, type RnnCell, type SymbolicTensor } from "../nn/layers/index.ts";
import { callsWithMasks, type ItemNode, type ItemRead } from "../nn/show/mask_operations.ts";
import { writeOptions } from "./layer_config.ts";
import { layerRow } from "./layer_table.ts";
import { nameOf } from "./names.ts";

type Json = Readonly<Record<string, JsonValue>>;

const FLOAT32 = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };

const withBatch = (shape: Shape): JsonValue => [null, ...shape];

/** A model or a nested model. */
type ModelLike = Pick<NestedModel, "graph" | "className" | "name" | "trainable">;

/** Converts a model to Keras's configuration. */
export function writeModelConfig(model: ModelLike): Json {
  return model.className === "Sequential" ? writeSequential(model) : writeFunctional(model);
}

function writeSequential({ graph, name, trainable }: ModelLike): Json {
  const [start] = graph.inputs as [SymbolicTensor];
  const shape = withBatch(start.shape);
  const layers = graph.nodes.map(({ layer }) => writeLayer(layer));
  return {
    module: "keras",
    class_name: "Sequential",
    config: {
      name,
      trainable,
      dtype: FLOAT32,
      layers: [writeInput(start.node.layer as InputLayer, "float32"), ...layers],
      build_input_shape: shape,
    },
    registered_name: null,
    build_config: { input_shape: shape },
    compile_config: {},
  };
}

function writeFunctional({ graph, name, trainable }: ModelLike): Json {
  const calls = new KerasCalls(graph);
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name,
      trainable,
      layers: calls.layers(),
      input_layers: calls.ends(graph.inputs),
      output_layers: calls.ends(graph.outputs),
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
    compile_config: {},
  };
}

function writeInput({ shape, name }: InputLayer, dtype: string): Json {
  const config = { batch_shape: withBatch(shape), dtype, sparse: false, ragged: false, name, optional: false };
  return { module: "keras.layers", class_name: "InputLayer", config, registered_name: null };
}

function writeLayer(layer: Layer): Json {
  if (layer instanceof NestedModel) return writeModelConfig(layer);
  return writePart(layer, buildConfig(layer.nodes[0] as LayerNode), layer.nodes[0]?.inputs[0]?.shape);
}

/** Writes a layer and its nested layers, each with the input shape that it was built for. */
function writePart(layer: Layer, build: Json, inputShape: Shape | undefined): Json {
  const row = layerRow(layer.className);
  const isBuilt = row?.isBuilt === true || layer.weights.length > 0;
  const shape = inputShape?.slice(row?.hiddenAxes ?? 0);
  const write = (inner: Layer, at: Shape | undefined): Json =>
    writePart(inner, { input_shape: withBatch(at ?? []) }, at);
  const inside: Record<string, JsonValue> = {};
  for (const [path, inner] of Object.entries(row?.inside?.(layer) ?? {})) {
    // For the forward layer, the attribute name in the weights differs from the configuration's.
    const key = path === "forward_layer" ? "layer" : path;
    if (row?.options[key] === undefined) continue;
    inside[key] = Array.isArray(inner)
      ? writeStack(inner as readonly RnnCell[], shape, write)
      : write(inner as Layer, shape);
  }
  const options = { ...writeOptions(layer), ...inside };
  return {
    module: "keras.layers",
    class_name: layer.className,
    config: { name: nameOf(layer), trainable: layer.trainable, dtype: FLOAT32, ...options },
    registered_name: null,
    ...(isBuilt && { build_config: build }),
  };
}

/** Writes stacked cells: each reads the output of the previous one. */
function writeStack(
  cells: readonly RnnCell[],
  shape: Shape | undefined,
  write: (cell: Layer, shape: Shape | undefined) => Json,
): Json[] {
  return cells.map((cell, index) => write(cell, index === 0 ? shape : [(cells[index - 1] as RnnCell).outputSize]));
}

function buildConfig({ layer, inputs, initialState }: LayerNode): Json {
  const shapes = inputs.map(({ shape }) => withBatch(shape));
  const names = layerRow(layer.className)?.inputArguments;
  if (names !== undefined)
    return { shapes_dict: Object.fromEntries(shapes.map((shape, index) => [`${names[index]}_shape`, shape])) };
  const shape = shapes.length === 1 ? (shapes[0] as JsonValue) : shapes;
  if (initialState === undefined) return { input_shape: shape };
  const states = initialState.map(({ shape: state }) => withBatch(state));
  return { shapes_dict: { sequences_shape: shape, initial_state_shape: states } };
}

/** The calls of a graph as in Keras: including the operations that compute masks. */
class KerasCalls {
  readonly #graph: LayerGraph;
  readonly #items: ReadonlyMap<LayerNode, ItemNode>;
  readonly #nodes: ReadonlyMap<ItemNode, LayerNode>;
  readonly #order: readonly ItemNode[];
  readonly #layers: readonly ItemNode["layer"][];

  constructor(graph: LayerGraph) {
    this.#graph = graph;
    const { nodes } = callsWithMasks(graph);
    this.#items = nodes;
    this.#nodes = new Map([...nodes].map(([node, item]) => [item, node]));
    const ends = graph.outputs.map(({ node, index }) => ({ node: nodes.get(node) as ItemNode, index }));
    const order = orderOf(ends);
    this.#order = order.nodes;
    this.#layers = order.layers;
  }

  layers(): JsonValue[] {
    return this.#layers.map((item) => {
      const { layer, name } = item;
      const nodes = this.#callsOf(item);
      if (layer instanceof InputLayer) return { ...writeInput(layer, this.#dtypeOf(layer)), name, inbound_nodes: [] };
      if (layer === undefined)
        return { ...writeOperation(item), name, inbound_nodes: nodes.map((node) => this.#operand(node)) };
      return { ...writeLayer(layer), name, inbound_nodes: nodes.map((node) => this.#call(node)) };
    });
  }

  /** A single tensor, or a list. */
  ends(tensors: readonly SymbolicTensor[]): JsonValue {
    const ends = tensors.map(({ node, index }) => {
      const [name, call, output] = this.#history({ node: this.#items.get(node) as ItemNode, index });
      const isInner = node.layer instanceof NestedModel && node.layer.className === "Functional";
      return [name, call + (isInner ? 1 : 0), output];
    });
    return ends.length === 1 ? (ends[0] as JsonValue) : ends;
  }

  /** In the order of writing, which is how Keras counts them. */
  #callsOf(item: ItemNode["layer"]): readonly ItemNode[] {
    return this.#order.filter(({ layer }) => layer === item).sort((a, b) => a.index - b.index);
  }

  #call(item: ItemNode): JsonValue {
    const { layer, inputs, masks, initialState } = this.#nodes.get(item) as LayerNode;
    const read = (tensor: SymbolicTensor) =>
      this.#tensor({ node: this.#items.get(tensor.node) as ItemNode, index: tensor.index });
    const given = inputs.map((_, index) => {
      const [own, flowing] = [masks[index], item.masks[index]];
      return own !== undefined ? read(own) : flowing === undefined ? null : this.#tensor(flowing);
    });
    const tensors = inputs.map(read);
    const names = layerRow(layer.className)?.inputArguments;
    const isMasked = given.some((mask) => mask !== null);
    const masked: Json =
      names === undefined
        ? { mask: given.length === 1 ? (given[0] as JsonValue) : given }
        : Object.fromEntries(given.map((mask, index) => [`${names[index]}_mask`, mask]));
    return {
      args: names === undefined ? [tensors.length === 1 ? (tensors[0] as JsonValue) : tensors] : tensors,
      kwargs: {
        ...callArguments(layer),
        ...(initialState && { initial_state: initialState.map(read) }),
        ...(isMasked && masked),
      },
    };
  }

  /** The operand of a mask operation: `NotEqual` compares with a number. */
  #operand(item: ItemNode): JsonValue {
    const [read] = item.reads as [ItemRead];
    const operand = this.#tensor(read);
    return { args: item.layer.className === "NotEqual" ? [operand, this.#maskValue(read)] : [operand], kwargs: {} };
  }

  /** The mask value of the layer that corresponds to the operation. */
  #maskValue({ node, index }: ItemRead): number {
    const source = this.#nodes.get(node)?.outputs[index];
    const maker = this.#graph.nodes.find(
      ({ layer: { config }, inputs }) =>
        inputs[0] === source && (config.maskZero === true || config.maskValue !== undefined),
    );
    return (maker?.layer.config.maskValue as number | undefined) ?? 0;
  }

  #tensor(read: ItemRead): JsonValue {
    const { node, index } = read;
    const { layer } = node.layer;
    const dtype = layer === undefined ? "bool" : layer instanceof InputLayer ? this.#dtypeOf(layer) : layer.outputDType;
    const config = { shape: withBatch(node.shapes[index] as Shape), dtype, keras_history: this.#history(read) };
    return { class_name: "__keras_tensor__", config };
  }

  #history({ node, index }: ItemRead): [string, number, number] {
    return [node.layer.name, this.#callsOf(node.layer).indexOf(node), index];
  }

  #dtypeOf(layer: InputLayer): string {
    const place = this.#graph.inputs.findIndex(({ node }) => node.layer === layer);
    return layer.dtype ?? this.#graph.inputSpecs[place]?.dtype ?? "float32";
  }
}

/** The options of a layer that are call arguments in Keras. */
function callArguments({ className, config }: Layer): Json {
  const options = Object.entries(layerRow(className)?.callOptions ?? {});
  return Object.fromEntries(options.filter(([, name]) => config[name] === true).map(([key]) => [key, true]));
}

function writeOperation({ className, name }: ItemNode["layer"]): Json {
  const options = className === "Any" ? { axis: -1, keepdims: false } : {};
  return {
    module: "keras.src.ops.numpy",
    class_name: className,
    config: { name, ...options },
    registered_name: className,
  };
}
