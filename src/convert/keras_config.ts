/** A model's configuration as Keras 3 writes it: `config.json`. */
import { FormatError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { countOf, objectOf, show, textOf } from "../io/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import type { Layer } from "../nn/layers/index.ts";
import type { Model } from "../nn/model.ts";
import { sequential } from "../nn/sequential.ts";
import type { Device } from "./device.ts";
import { checkDType, readLayer, writeOptions } from "./layer_config.ts";
import { layerRow } from "./layer_table.ts";

const MAX_LAYERS = 10_000;

type Fields = ReadonlyMap<string, JsonValue>;

/** What a layer's entry says of itself. */
interface Entry {
  readonly className: string;
  readonly config: Fields;
}

/** Makes the model that a configuration describes, with weights of its own. @throws FormatError for what Sluice lacks, by name. */
export function readModelConfig(value: JsonValue, device: Device, what: string): Model {
  const { className, config } = entryOf(value, what);
  if (className !== "Sequential") {
    throw new FormatError(`${what}: the model's class is ${show(className)}; this version reads Sequential`, {
      className,
    });
  }
  checkDType(config.get("dtype"), what);
  const name = textOf(config.get("name"), `${what}: name`);
  const layers: Layer[] = [];
  let inputShape: Shape | undefined;
  for (const [index, item] of listOf(config.get("layers"), `${what}: layers`).entries()) {
    const where = `${what}: layers[${index}]`;
    const entry = entryOf(item, where);
    if (index === 0) inputShape = inputShapeOf(entry, where);
    if (entry.className !== "InputLayer")
      layers.push(readLayer(entry.className, Object.fromEntries(entry.config), what));
  }
  inputShape ??= batchShape(config.get("build_input_shape"), `${what}: build_input_shape`);
  return sequential(layers, { device, inputShape, name });
}

function entryOf(value: JsonValue | undefined, what: string): Entry {
  const fields = objectOf(value, what);
  const className = textOf(fields.get("class_name"), `${what}: class_name`);
  const registered = fields.get("registered_name");
  if (registered !== undefined && registered !== null && registered !== className) {
    throw new FormatError(`${what}: ${show(registered)} is a class of someone's own, which Sluice cannot know`, {
      registered,
    });
  }
  return { className, config: objectOf(fields.get("config"), `${what}: ${className}: config`) };
}

function listOf(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (Array.isArray(value) && value.length <= MAX_LAYERS) return value;
  throw new FormatError(`${what}: expected a list of at most ${MAX_LAYERS}, got ${show(value)}`);
}

function inputShapeOf({ config }: Entry, what: string): Shape | undefined {
  const shape = config.get("batch_shape") ?? config.get("batch_input_shape");
  return shape === undefined || shape === null ? undefined : batchShape(shape, `${what}: batch_shape`);
}

function batchShape(value: JsonValue | undefined, what: string): Shape {
  const [, ...shape] = listOf(value, what);
  if (shape.includes(null)) {
    throw new FormatError(
      `${what} is ${show(value)}; expected fixed sizes after the batch: build the model for one length`,
    );
  }
  return shape.map((size) => countOf(size, what));
}

const FLOAT32 = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };

/** The configuration of a model, as Keras writes it. */
export function writeModelConfig(model: Model): JsonValue {
  const inputShape = [null, ...model.inputShape];
  const input = {
    module: "keras.layers",
    class_name: "InputLayer",
    config: {
      batch_shape: inputShape,
      dtype: "float32",
      sparse: false,
      ragged: false,
      name: "input_layer",
      optional: false,
    },
    registered_name: null,
  };
  const layers = model.layers.map((layer) => writeLayer(layer, layer.nodes[0]?.inputs[0]?.shape ?? model.inputShape));
  return {
    module: "keras",
    class_name: "Sequential",
    config: {
      name: model.name,
      trainable: true,
      dtype: FLOAT32,
      layers: [input, ...layers],
      build_input_shape: inputShape,
    },
    registered_name: null,
    build_config: { input_shape: inputShape },
    compile_config: {},
  };
}

function writeLayer(layer: Layer, inputShape: Shape): JsonValue {
  const isBuilt = layerRow(layer.className)?.isBuilt === true || layer.weights.length > 0;
  return {
    module: "keras.layers",
    class_name: layer.className,
    config: { name: layer.name, trainable: true, dtype: FLOAT32, ...writeOptions(layer, "keras") },
    registered_name: null,
    ...(isBuilt && { build_config: { input_shape: [null, ...inputShape] } }),
  };
}
