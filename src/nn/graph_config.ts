/** A graph of layers as data and back: what a saved model keeps of its architecture. */
import { FormatError } from "../core/errors.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { LayerGraph } from "./layer_graph.ts";
import {
  InputLayer,
  type InputOptions,
  type Layer,
  type LayerNode,
  layerFromConfig,
  type SymbolicTensor,
} from "./layers/index.ts";
import { NestedModel } from "./nested_model.ts";
import { asNumber, asText, field, fieldsOf, listOf } from "./saved_fields.ts";

/** A tensor: layer, which of the layer's calls in this graph, which output. */
type Source = readonly [layer: string, call: number, output: number];

/** One call of a layer, after those that it reads. */
interface SavedCall {
  readonly layer: string;
  readonly inputs: readonly Source[];
  /** One for each input, null where its own mask counts; absent when all are. */
  readonly masks?: readonly (Source | null)[];
  readonly initialState?: readonly Source[];
}

/** A graph as data. Inner models hold theirs in `config`. */
export interface SavedGraph {
  readonly layers: readonly {
    readonly className: string;
    readonly name: string;
    readonly trainable: boolean;
    readonly config: unknown;
  }[];
  readonly calls: readonly SavedCall[];
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

/** The graph as data. */
export function graphToConfig(graph: LayerGraph): SavedGraph {
  const calls = new Map<Layer, LayerNode[]>();
  for (const node of [...graph.inputs.map((input) => input.node), ...graph.nodes]) {
    calls.set(node.layer, [...(calls.get(node.layer) ?? []), node]);
  }
  const source = ({ node, index }: SymbolicTensor): Source => [
    node.layer.name,
    (calls.get(node.layer) ?? []).indexOf(node),
    index,
  ];
  return {
    layers: graph.layers.map((layer) => ({
      className: layer.className,
      name: layer.name,
      trainable: layer.trainable,
      config: layer instanceof NestedModel ? graphToConfig(layer.graph) : layer.config,
    })),
    calls: graph.nodes.map(({ layer, inputs, masks, initialState }) => ({
      layer: layer.name,
      inputs: inputs.map(source),
      ...(masks.some((mask) => mask !== undefined) && { masks: masks.map((mask) => (mask ? source(mask) : null)) }),
      ...(initialState && { initialState: initialState.map(source) }),
    })),
    inputs: graph.inputs.map(source),
    outputs: graph.outputs.map(source),
  };
}

/** @throws FormatError when the data is damaged, or names a layer that this version lacks. */
export function graphFromConfig(value: JsonValue | undefined, seed: number | undefined, what: string): LayerGraph {
  const fields = fieldsOf(value, what);
  const layers = new Map<string, Layer>();
  for (const layer of listOf(fields.layers, `${what}.layers`, layerOf)) layers.set(layer.name, layer);
  const tensor = (item: JsonValue, where: string): SymbolicTensor => {
    const [name, call, output] = (Array.isArray(item) ? item : []) as readonly JsonValue[];
    const layer = layers.get(asText(name ?? null, `${where}[0]`));
    const node = layer?.nodes[asNumber(call ?? null, `${where}[1]`)];
    const found = node?.outputs[asNumber(output ?? null, `${where}[2]`)];
    if (found === undefined) {
      throw new FormatError(`model.json: ${where} is ${JSON.stringify(item)}, which no earlier call gives`);
    }
    return found;
  };
  listOf(fields.calls, `${what}.calls`, (item, where) => {
    const call = fieldsOf(item, where);
    const layer = layers.get(field(call, "layer", "string", where));
    if (layer === undefined) throw new FormatError(`model.json: ${where} calls a layer that is not among the layers`);
    layer.call(listOf(call.inputs, `${where}.inputs`, tensor), {
      mask:
        call.masks === undefined
          ? undefined
          : listOf(call.masks, `${where}.masks`, (mask, place) => (mask === null ? undefined : tensor(mask, place))),
      initialState:
        call.initialState === undefined ? undefined : listOf(call.initialState, `${where}.initialState`, tensor),
    });
  });
  const inputs = listOf(fields.inputs, `${what}.inputs`, tensor);
  const outputs = listOf(fields.outputs, `${what}.outputs`, tensor);
  return new LayerGraph({ inputs, outputs, seed });
}

function layerOf(item: JsonValue, what: string): Layer {
  const fields = fieldsOf(item, what);
  const className = field(fields, "className", "string", what);
  const name = field(fields, "name", "string", what);
  const layer = makeLayer(className, name, fields.config, what);
  if (!field(fields, "trainable", "boolean", what)) layer.trainable = false;
  return layer;
}

function makeLayer(className: string, name: string, config: JsonValue | undefined, what: string): Layer {
  if (className === "Sequential" || className === "Functional") {
    return new NestedModel(graphFromConfig(config, undefined, `${what}.config`), className, name);
  }
  const options = fieldsOf(config, `${what}.config`);
  if (className === "InputLayer") return new InputLayer({ ...(options as unknown as InputOptions), name });
  return layerFromConfig(className, options, name);
}
