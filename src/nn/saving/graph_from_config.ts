/**
 * Deserializes a layer graph. It imports every layer class, which training and saving do not need; therefore it is
 * separate from `graph_config.ts`, so that bundlers can omit it or load it later.
 */
import { FormatError } from "../../core/errors.ts";
import type { JsonValue } from "../../io/strict_json.ts";
import { LayerGraph } from "../graph/layer_graph.ts";
import { NestedModel } from "../graph/nested_model.ts";
import { InputLayer, type InputOptions, type Layer, layerFromConfig, type SymbolicTensor } from "../layers/index.ts";
import { asNumber, asText, field, fieldsOf, listOf } from "./saved_fields.ts";

/** @throws FormatError if the data is damaged, or names a layer that this version does not have. */
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
      throw new FormatError(`model.json: ${where} is ${JSON.stringify(item)}, which no earlier call returns`);
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
