/** Converts a model topology from TensorFlow.js and Keras 2 to Keras 3's configuration. */
import { FormatError } from "../core/errors.ts";
import { countOf, objectOf, show, textOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { entryOf, type Fields, listOf } from "./keras_entry.ts";

type Json = Readonly<Record<string, JsonValue>>;

const MODELS: Readonly<Record<string, string>> = {
  Sequential: "Sequential",
  Model: "Functional",
  Functional: "Functional",
};

/** Options that do not affect what a model computes. */
const IGNORED = new Set(["implementation", "input_length", "time_major", "batch_input_shape"]);
const GATED = new Set(["LSTM", "GRU"]);

/** @throws FormatError naming anything that Sluice lacks or computes differently. */
export function topologyToKeras(value: JsonValue | undefined, what: string): Json {
  const { className, config } = entryOf(value, what);
  const kind = MODELS[className];
  if (kind === undefined) {
    throw new FormatError(`${what}: the model's class is ${show(className)}; expected Sequential or Model`, {
      className,
    });
  }
  return kind === "Sequential" ? sequentialToKeras(config, what) : functionalToKeras(config, what);
}

function sequentialToKeras(config: Fields, what: string): Json {
  const items = listOf(config.get("layers"), `${what}: layers`);
  const first = entryOf(items[0], `${what}: layers[0]`);
  const shape = first.config.get("batch_input_shape") ?? null;
  return {
    class_name: "Sequential",
    config: {
      name: config.get("name") ?? "sequential",
      layers: items.map((item) => partToKeras(item, what)),
      build_input_shape: shape,
    },
  };
}

function functionalToKeras(config: Fields, what: string): Json {
  const inner = new Map<string, string>();
  const entries = listOf(config.get("layers"), `${what}: layers`).map((item) => {
    const entry = entryOf(item, `${what}: layers`);
    const name = textOf(entry.fields.get("name") ?? entry.config.get("name"), `${what}: name of a layer`);
    const kind = MODELS[entry.className];
    if (kind !== undefined) inner.set(name, kind);
    return { item, name, nodes: entry.fields.get("inbound_nodes") };
  });
  // A nested model has one call from its own creation, which TensorFlow.js counts and Sluice does not.
  const callOf = (name: string, call: number) => call - (inner.has(name) ? 1 : 0);
  const layers = entries.map(({ item, name, nodes }) => ({
    ...partToKeras(item, what),
    name,
    inbound_nodes: listOf(nodes, `${what}: ${name}: inbound_nodes`).map((node) =>
      nodeToKeras(node, callOf, `${what}: "${name}"`),
    ),
  }));
  const ends = (key: string) =>
    listOf(config.get(key), `${what}: ${key}`).map((end) => {
      const [name, call, output] = listOf(end, `${what}: ${key}`);
      const layer = textOf(name, key);
      // Keras 3 counts it too for functional models.
      const number = countOf(call, key) - (inner.get(layer) === "Sequential" ? 1 : 0);
      return [layer, number, countOf(output, key)];
    });
  return {
    class_name: "Functional",
    config: {
      name: config.get("name") ?? "model",
      layers,
      input_layers: ends("input_layers"),
      output_layers: ends("output_layers"),
    },
  };
}

function nodeToKeras(node: JsonValue, callOf: (name: string, call: number) => number, what: string): Json {
  const tensors = listOf(node, what).map((item): Json => {
    const [name, call, output, options] = listOf(item, what);
    for (const [key, option] of options === undefined ? [] : objectOf(options, what)) {
      if (option === null || option === false) continue;
      throw new FormatError(`${what} is called with ${key} ${show(option)}, which Sluice lacks`, { option: key });
    }
    const layer = textOf(name, what);
    const history = [layer, callOf(layer, countOf(call, what)), countOf(output, what)];
    return { class_name: "__keras_tensor__", config: { keras_history: history } };
  });
  return { args: [tensors.length === 1 ? (tensors[0] as JsonValue) : tensors], kwargs: {} };
}

function partToKeras(item: JsonValue, what: string): Json {
  const { className, config } = entryOf(item, what);
  if (MODELS[className] !== undefined) return topologyToKeras(item, what);
  const name = textOf(config.get("name"), `${what}: name of a ${className}`);
  return { class_name: className, config: optionsToKeras(className, config, `${what}: ${className} "${name}"`) };
}

function optionsToKeras(className: string, config: Fields, what: string): Json {
  const options: Record<string, JsonValue> = {};
  for (const [key, value] of config) {
    if (key === "merge_mode") options[key] = value;
    else if (key === "batch_input_shape" && className === "InputLayer") options.batch_shape = value;
    else if (value === null || IGNORED.has(key) || (key === "input_dim" && className !== "Embedding")) continue;
    else if (key === "layer") options[key] = partToKeras(value, what);
    else if (key === "alpha" && className === "LeakyReLU") options.negative_slope = value;
    else options[key] = value;
  }
  if (GATED.has(className)) options.recurrent_activation ??= "hard_sigmoid";
  if (className === "GRU") options.reset_after ??= false;
  for (const key of ["activation", "recurrent_activation"]) {
    if (options[key] !== "hard_sigmoid" && options[key] !== "hardSigmoid") continue;
    throw new FormatError(
      `${what} has ${key} "hard_sigmoid", which is clip(0.2·x + 0.5, 0, 1) in TensorFlow.js; Sluice lacks it: its ` +
        "hardSigmoid is Keras 3's, clip(x/6 + 0.5, 0, 1)",
      { option: key },
    );
  }
  return options;
}
