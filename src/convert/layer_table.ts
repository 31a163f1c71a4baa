/**
 * The layers of Keras that a configuration may hold: one row for each, its options in Keras's order with Keras's defaults.
 * A row names what Keras writes; what Sluice has of it is asked of Sluice's layer itself.
 */
import type { Bidirectional, Layer, Rnn, StackedRnnCells, TimeDistributed } from "../nn/layers/index.ts";
import { innerLayer, innerLayers, mergeMode } from "./inner_options.ts";
import {
  activation,
  axes,
  axis,
  axisList,
  flag,
  ignored,
  initializer,
  number,
  numberOrNull,
  type Option,
  openSizes,
  seed,
  size1d,
  sizes,
  word,
} from "./options.ts";
import { constraint, regularizer } from "./parts.ts";

/** A layer's row. */
export interface LayerRow {
  /** By Keras's names. */
  readonly options: Readonly<Record<string, Option>>;
  /** Keras writes the input's shape of a layer that builds itself from it; those with weights always do. */
  readonly isBuilt?: boolean;
  /** Keras's names of the layers inside, and what Sluice has there. */
  readonly inside?: (layer: Layer) => Readonly<Record<string, Layer | readonly Layer[]>>;
  /** Options of the layer here that are arguments of its calls in Keras, by Keras's names. */
  readonly callOptions?: Readonly<Record<string, string>>;
  /** How many axes beside the batch a layer inside does not see. */
  readonly hiddenAxes?: number;
}

const unsaid = { quantization_config: ignored(null) };

/** What keeps the weights small: `kernel_regularizer`, `bias_constraint`, … */
function parts(names: readonly string[], part: "regularizer" | "constraint"): Record<string, Option> {
  const option = part === "regularizer" ? regularizer : constraint;
  return Object.fromEntries(names.map((name) => [`${name}_${part}`, option]));
}

/** A recurrent layer's cell, which keeps its weights. */
const cellOf = (layer: Layer) => ({ cell: (layer as Rnn).cell });

const SEQUENCE = {
  return_sequences: flag(false),
  return_state: flag(false),
  go_backwards: flag(false),
  stateful: flag(false),
  unroll: ignored(false),
  zero_output_for_mask: flag(false),
};

const RECURRENT_WEIGHTS = ["kernel", "recurrent", "bias"];

const RECURRENT_INITIALIZERS = {
  kernel_initializer: initializer("glorot_uniform"),
  recurrent_initializer: initializer("orthogonal"),
  bias_initializer: initializer("zeros"),
};

const RECURRENT_REST = {
  ...parts(RECURRENT_WEIGHTS, "regularizer"),
  activity_regularizer: regularizer,
  ...parts(RECURRENT_WEIGHTS, "constraint"),
  dropout: number(0),
  recurrent_dropout: number(0),
};

const GATES = {
  units: number(),
  activation: activation("tanh"),
  recurrent_activation: activation("sigmoid"),
  use_bias: flag(true),
  ...RECURRENT_INITIALIZERS,
};

const LSTM = { ...GATES, unit_forget_bias: flag(true), ...RECURRENT_REST, seed };
const GRU = { ...GATES, ...RECURRENT_REST, reset_after: flag(true), seed };
const SIMPLE = {
  units: number(),
  activation: activation("tanh"),
  use_bias: flag(true),
  ...RECURRENT_INITIALIZERS,
  ...RECURRENT_REST,
  seed,
};

/** Of a cell: penalties on outputs are the layer's affair. */
function cellRow({ activity_regularizer: _, ...options }: Readonly<Record<string, Option>>): LayerRow {
  return { options };
}

const POOLING = {
  pool_size: size1d(2),
  padding: word("valid", "valid", "same"),
  strides: { ...size1d(), fallback: null },
  data_format: ignoredFormat(),
};

/** Sequences are `[B, T, D]` here: the other order is refused. */
function ignoredFormat(): Option {
  return word("channels_last", "channels_last");
}

/** One number for both ends of a sequence, or one for each. */
const bothEnds: Option = { ...sizes, fallback: [1, 1] };

const CAUSAL = { use_causal_mask: "useCausalMask" };

const NO_OPTIONS: LayerRow = { options: {} };
const MERGE: LayerRow = { options: {}, isBuilt: true };

const ROWS: ReadonlyMap<string, LayerRow> = new Map<string, LayerRow>([
  [
    "Embedding",
    {
      options: {
        input_dim: number(),
        output_dim: number(),
        embeddings_initializer: initializer("uniform"),
        embeddings_regularizer: regularizer,
        activity_regularizer: regularizer,
        embeddings_constraint: constraint,
        mask_zero: flag(false),
        ...unsaid,
      },
    },
  ],
  [
    "LSTM",
    {
      inside: cellOf,
      hiddenAxes: 1,
      options: { ...SEQUENCE, ...LSTM },
    },
  ],
  [
    "GRU",
    {
      inside: cellOf,
      hiddenAxes: 1,
      options: { ...SEQUENCE, ...GRU },
    },
  ],
  [
    "SimpleRNN",
    {
      inside: cellOf,
      hiddenAxes: 1,
      options: { ...SEQUENCE, ...SIMPLE },
    },
  ],
  ["LSTMCell", cellRow(LSTM)],
  ["GRUCell", cellRow(GRU)],
  ["SimpleRNNCell", cellRow(SIMPLE)],
  [
    "StackedRNNCells",
    { options: { cells: innerLayers }, inside: (layer) => ({ cells: (layer as StackedRnnCells).cells }) },
  ],
  ["RNN", { options: { ...SEQUENCE, cell: innerLayer() }, inside: cellOf, hiddenAxes: 1 }],
  [
    "Bidirectional",
    {
      options: { merge_mode: mergeMode, layer: innerLayer(), backward_layer: innerLayer(null) },
      inside: (layer) => ({
        forward_layer: (layer as Bidirectional).forwardLayer,
        backward_layer: (layer as Bidirectional).backwardLayer,
      }),
    },
  ],
  [
    "TimeDistributed",
    {
      options: { layer: innerLayer() },
      inside: (layer) => ({ layer: (layer as TimeDistributed).layer }),
      hiddenAxes: 1,
    },
  ],
  [
    "Dense",
    {
      options: {
        units: number(),
        activation: activation(),
        use_bias: flag(true),
        kernel_initializer: initializer("glorot_uniform"),
        bias_initializer: initializer("zeros"),
        ...parts(["kernel", "bias"], "regularizer"),
        ...parts(["kernel", "bias"], "constraint"),
        ...unsaid,
      },
    },
  ],
  [
    "Conv1D",
    {
      options: {
        filters: number(),
        kernel_size: size1d(),
        strides: size1d(1),
        padding: word("valid", "valid", "same", "causal"),
        data_format: ignoredFormat(),
        dilation_rate: size1d(1),
        groups: number(1),
        activation: activation(),
        use_bias: flag(true),
        kernel_initializer: initializer("glorot_uniform"),
        bias_initializer: initializer("zeros"),
        ...parts(["kernel", "bias"], "regularizer"),
        activity_regularizer: regularizer,
        ...parts(["kernel", "bias"], "constraint"),
      },
    },
  ],
  ["MaxPooling1D", { options: POOLING }],
  ["AveragePooling1D", { options: POOLING }],
  ["GlobalMaxPooling1D", { options: { data_format: ignoredFormat(), keepdims: flag(false) } }],
  ["GlobalAveragePooling1D", { options: { data_format: ignoredFormat(), keepdims: flag(false) } }],
  [
    "LayerNormalization",
    {
      options: {
        axis: axisList(-1),
        epsilon: number(0.001),
        center: flag(true),
        scale: flag(true),
        rms_scaling: flag(false),
        beta_initializer: initializer("zeros"),
        gamma_initializer: initializer("ones"),
        ...parts(["beta", "gamma"], "regularizer"),
        ...parts(["beta", "gamma"], "constraint"),
      },
    },
  ],
  [
    "BatchNormalization",
    {
      options: {
        axis: axis(-1),
        momentum: number(0.99),
        epsilon: number(0.001),
        center: flag(true),
        scale: flag(true),
        beta_initializer: initializer("zeros"),
        gamma_initializer: initializer("ones"),
        moving_mean_initializer: initializer("zeros"),
        moving_variance_initializer: initializer("ones"),
        ...parts(["beta", "gamma"], "regularizer"),
        ...parts(["beta", "gamma"], "constraint"),
        synchronized: ignored(false),
      },
    },
  ],
  ["Dropout", { options: { rate: number(), seed, noise_shape: openSizes } }],
  ["AlphaDropout", { options: { rate: number(), seed, noise_shape: openSizes } }],
  ["GaussianDropout", { options: { rate: number(), seed } }],
  ["GaussianNoise", { options: { stddev: number(), seed } }],
  ["SpatialDropout1D", { options: { rate: number(), seed } }],
  ["Activation", { options: { activation: activation() } }],
  ["Softmax", { options: { axis: axis(-1) } }],
  ["ReLU", { options: { max_value: numberOrNull(null), negative_slope: number(0), threshold: number(0) } }],
  [
    "PReLU",
    {
      options: {
        alpha_initializer: initializer("zeros"),
        alpha_regularizer: regularizer,
        alpha_constraint: constraint,
        shared_axes: { ...sizes, fallback: null },
      },
    },
  ],
  ["LeakyReLU", { options: { negative_slope: number(0.3) } }],
  ["ELU", { options: { alpha: number(1) } }],
  ["Flatten", { options: { data_format: ignoredFormat() } }],
  ["Reshape", { options: { target_shape: sizes } }],
  ["Masking", { options: { mask_value: number(0) } }],
  ["Permute", { options: { dims: sizes } }],
  ["UpSampling1D", { options: { size: number(2) } }],
  ["ZeroPadding1D", { options: { padding: bothEnds, data_format: ignoredFormat() } }],
  ["Cropping1D", { options: { cropping: bothEnds } }],
  ["RepeatVector", { options: { n: number() } }],
  ["Add", MERGE],
  ["Subtract", MERGE],
  ["Multiply", MERGE],
  ["Average", MERGE],
  ["Maximum", MERGE],
  ["Minimum", MERGE],
  ["Concatenate", { options: { axis: axis(-1) }, isBuilt: true }],
  ["Dot", { options: { axes, normalize: flag(false) }, isBuilt: true }],
  [
    "Attention",
    {
      options: {
        use_scale: flag(false),
        score_mode: word("dot", "dot", "concat"),
        dropout: number(0),
        seed,
      },
      isBuilt: true,
      callOptions: CAUSAL,
    },
  ],
  [
    "AdditiveAttention",
    { options: { use_scale: flag(true), dropout: number(0), seed }, isBuilt: true, callOptions: CAUSAL },
  ],
  ["Identity", NO_OPTIONS],
]);

/** A class's row, or undefined for one that has none. */
export function layerRow(className: string): LayerRow | undefined {
  return ROWS.get(className);
}

/** The classes that have a row. */
export function knownLayers(): string[] {
  return [...ROWS.keys()];
}
