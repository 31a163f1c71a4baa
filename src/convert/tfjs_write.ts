/** Converts Keras 3's configuration to TensorFlow.js's. */
import { ValueError } from "../core/errors.ts";
import { show } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";

type Json = Readonly<Record<string, JsonValue>>;

/** An entry as returned by `writeModelConfig`. */
interface Entry {
  readonly class_name: string;
  readonly config: Json;
  readonly name?: string;
  readonly inbound_nodes?: readonly { readonly args: readonly JsonValue[]; readonly kwargs: Json }[];
}

/** The classes that both `@tensorflow/tfjs-layers` and Sluice have. */
const CLASSES = new Set([
  ...["Embedding", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed", "Dense", "Conv1D", "MaxPooling1D"],
  ...["AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D", "LayerNormalization", "BatchNormalization"],
  ...["Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Activation", "ReLU", "ELU"],
  ...["LeakyReLU", "PReLU", "Softmax", "Flatten", "Reshape", "Permute", "RepeatVector", "Masking", "Add", "Multiply"],
  ...["Average", "Maximum", "Minimum", "Concatenate", "Dot"],
]);

/** Options that TensorFlow.js lacks, and their default values, which can be omitted. */
const LACKING: Readonly<Record<string, JsonValue>> = {
  ...{ seed: null, quantization_config: null, zero_output_for_mask: false, synchronized: false, rms_scaling: false },
  ...{ groups: 1, keepdims: false, threshold: 0, noise_shape: null, backward_layer: null },
};

const ACTIVATIONS: Readonly<Record<string, string>> = {
  ...{
    elu: "elu",
    linear: "linear",
    relu: "relu",
    relu6: "relu6",
    selu: "selu",
    sigmoid: "sigmoid",
    softmax: "softmax",
  },
  ...{
    softplus: "softplus",
    softsign: "softsign",
    tanh: "tanh",
    log_softmax: "log_softmax",
    silu: "swish",
    mish: "mish",
  },
  gelu: "gelu",
};

/** TensorFlow.js saves these as VarianceScaling. */
const SCALINGS: Readonly<Record<string, readonly [scale: number, mode: string, distribution: string]>> = {
  GlorotUniform: [1, "fan_avg", "uniform"],
  GlorotNormal: [1, "fan_avg", "normal"],
  HeUniform: [2, "fan_in", "uniform"],
  HeNormal: [2, "fan_in", "normal"],
  LecunUniform: [1, "fan_in", "uniform"],
  LecunNormal: [1, "fan_in", "normal"],
};

/** @throws ValueError naming a layer, option or value that TensorFlow.js lacks or computes differently. */
export function topologyFromKeras(model: Json): Json {
  return modelFromKeras(model as unknown as Entry) as unknown as Json;
}

function modelFromKeras({ class_name, config }: Entry): Entry {
  const layers = config.layers as unknown as readonly Entry[];
  if (class_name === "Sequential") {
    return {
      class_name,
      config: { name: config.name ?? null, layers: layers.map(partFromKeras) as unknown as JsonValue },
    };
  }
  const inner = new Map(layers.filter(isModel).map((layer) => [layer.name as string, layer.class_name]));
  const shown = layers.filter(({ class_name: kind }) => kind !== "NotEqual" && kind !== "Any");
  const masks = new Set(layers.filter((layer) => !shown.includes(layer)).map(({ name }) => name));
  const ends = (key: string): JsonValue => {
    const given = config[key] as readonly JsonValue[];
    const list = (typeof given[0] === "string" ? [given] : given) as readonly [string, number, number][];
    // Keras counts the initial call of a functional model here, TensorFlow.js that of every model.
    return list.map(([name, call, output]) => [name, call + (inner.get(name) === "Sequential" ? 1 : 0), output]);
  };
  const written = shown.map((layer) => ({
    ...partFromKeras(layer),
    name: layer.name,
    inbound_nodes: (layer.inbound_nodes ?? []).map((node) => callFromKeras(node, layer, inner, masks)),
  }));
  return {
    class_name: "Model",
    config: {
      name: config.name ?? null,
      layers: written as unknown as JsonValue,
      input_layers: ends("input_layers"),
      output_layers: ends("output_layers"),
    },
  };
}

const isModel = ({ class_name }: Entry): boolean => class_name === "Sequential" || class_name === "Functional";

interface TensorEntry {
  readonly config: { readonly keras_history: readonly [string, number, number] };
}

function callFromKeras(
  { args, kwargs }: NonNullable<Entry["inbound_nodes"]>[number],
  { class_name, name }: Entry,
  inner: ReadonlyMap<string, string>,
  masks: ReadonlySet<string | undefined>,
): JsonValue {
  for (const [key, value] of Object.entries(kwargs)) {
    const given = (Array.isArray(value) ? value : [value]) as readonly (TensorEntry | null)[];
    // Masks that layers compute themselves propagate in TensorFlow.js as in Sluice.
    if (key === "mask" && given.every((mask) => mask === null || masks.has(mask.config.keras_history[0]))) continue;
    throw new ValueError(
      `toTfjs: ${class_name} "${name}" is called with ${key}, which Sluice does not write for TensorFlow.js`,
      { layer: name, option: key },
    );
  }
  const [first] = args;
  const tensors = (Array.isArray(first) ? first : [first]) as unknown as readonly TensorEntry[];
  return tensors.map(({ config: { keras_history } }) => {
    const [layer, call, output] = keras_history;
    return [layer, call + (inner.has(layer) ? 1 : 0), output, {}];
  });
}

function partFromKeras(entry: Entry): Entry {
  if (isModel(entry)) return modelFromKeras(entry);
  const { class_name, config } = entry;
  if (class_name === "InputLayer") {
    const { batch_shape = null, dtype = null, name = null } = config;
    return { class_name, config: { batch_input_shape: batch_shape, dtype, sparse: false, name } };
  }
  const what = `toTfjs: ${class_name} ${show(config.name)}`;
  if (!CLASSES.has(class_name)) {
    throw new ValueError(`${what} is of a class that TensorFlow.js lacks`, { className: class_name });
  }
  const options = class_name === "Bidirectional" ? withoutBackward(config, what) : config;
  const written: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(options)) {
    if (key === "dtype") written[key] = "float32";
    else if (class_name === "LeakyReLU" && key === "negative_slope") written.alpha = value;
    else if (Object.hasOwn(LACKING, key) || (class_name === "ReLU" && key === "negative_slope")) {
      if (value !== (LACKING[key] ?? (key === "negative_slope" ? 0 : null))) {
        throw new ValueError(`${what} has ${key} ${show(value)}, which TensorFlow.js lacks`, { option: key });
      }
    } else written[key] = valueFromKeras(key, value, `${what} has ${key}`);
  }
  return { class_name, config: written };
}

function valueFromKeras(key: string, value: JsonValue, what: string): JsonValue {
  if (key === "reset_after" && value === true) {
    throw new ValueError(`${what} true, which TensorFlow.js lacks; train with resetAfter: false`, { option: key });
  }
  if (key === "padding" && value === "causal") {
    throw new ValueError(`${what} "causal", which TensorFlow.js lacks`, { option: key });
  }
  if (key.endsWith("activation")) {
    const name = ACTIVATIONS[value as string];
    if (name !== undefined) return name;
    const other = value === "hard_sigmoid" ? "; its own hardSigmoid is another function, clip(0.2·x + 0.5, 0, 1)" : "";
    throw new ValueError(`${what} ${show(value)}, which TensorFlow.js lacks${other}`, { option: key });
  }
  if (key === "layer") return partFromKeras(value as unknown as Entry) as unknown as JsonValue;
  if (value === null || !/_(initializer|regularizer|constraint)$/.test(key)) return value;
  return partOfWeight(value as unknown as Entry, what);
}

function partOfWeight({ class_name, config }: Entry, what: string): JsonValue {
  const scaling = SCALINGS[class_name];
  if (scaling !== undefined) {
    const [scale, mode, distribution] = scaling;
    return { class_name: "VarianceScaling", config: { scale, mode, distribution, seed: config.seed ?? null } };
  }
  if (class_name === "L1" || class_name === "L2") {
    return { class_name: "L1L2", config: { l1: config.l1 ?? 0, l2: config.l2 ?? 0 } };
  }
  if (class_name === "OrthogonalRegularizer" || class_name === "VarianceScaling") {
    throw new ValueError(`${what} ${class_name}, which TensorFlow.js lacks or confuses with another`);
  }
  return { class_name, config };
}

/** TensorFlow.js creates the backward layer from the forward one, and derives both names from one. */
function withoutBackward({ layer, backward_layer, ...options }: Json, what: string): Json {
  const [forward, backward] = [layer, backward_layer] as unknown as [Entry, Entry];
  const common = ({ class_name, config: { name: _, go_backwards: __, ...config } }: Entry) =>
    JSON.stringify({ class_name, config });
  const base = String(forward.config.name).replace(/^forward_/, "");
  const isReversed = common(forward) === common(backward) && forward.config.go_backwards === false;
  if (!isReversed || forward.config.name !== `forward_${base}` || backward.config.name !== `backward_${base}`) {
    throw new ValueError(`${what} has a separate backward layer, which TensorFlow.js lacks`, {
      option: "backwardLayer",
    });
  }
  // Keras sets both to zero at masked timesteps if they return sequences; TensorFlow.js never does.
  return { ...options, layer: { ...forward, config: { ...forward.config, name: base } } as unknown as JsonValue };
}
