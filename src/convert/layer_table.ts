/**
 * The supported Keras layers, one row each, with options in Keras's order and Keras's defaults. A row lists what Keras
 * writes; which options Sluice supports is determined from Sluice's layer.
 */
import { FormatError } from "../core/errors.ts";
import { show } from "../core/json_check.ts";
import type { MultiHeadAttention } from "../nn/layers/index.ts";
import type { LayerRow } from "./layer_row.ts";
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
import { constraint, parts, regularizer } from "./parts.ts";
import { RECURRENT_ROWS } from "./recurrent_rows.ts";

const unsaid = { quantization_config: ignored(null) };

const POOLING = {
  pool_size: size1d(2),
  padding: word("valid", "valid", "same"),
  strides: { ...size1d(), fallback: null },
  data_format: ignoredFormat(),
};

/** Sequences are `[B, T, D]`; channels-first is rejected. */
function ignoredFormat(): Option {
  return word("channels_last", "channels_last");
}

/** One number for both ends of a sequence, or one per end. */
const bothEnds: Option = { ...sizes, fallback: [1, 1] };

const CAUSAL = { use_causal_mask: "useCausalMask" };

/** The attention axes of multi-head attention: only timesteps are supported. */
const overTime: Option = {
  fallback: [1],
  mayBeLost: true,
  read(value, what) {
    if (value === null || JSON.stringify(value) === "[1]") return undefined;
    throw new FormatError(`${what} is ${show(value)}, which Sluice lacks; it attends over timesteps, [1]`, { value });
  },
  write: () => [1],
};

const HEADS = ["query", "value", "key"];

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
  ...RECURRENT_ROWS,
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
  [
    "MultiHeadAttention",
    {
      options: {
        num_heads: number(),
        key_dim: number(),
        value_dim: numberOrNull(null),
        dropout: number(0),
        use_bias: flag(true),
        output_shape: { ...size1d(), fallback: null },
        attention_axes: overTime,
        kernel_initializer: initializer("glorot_uniform"),
        bias_initializer: initializer("zeros"),
        ...parts(["kernel", "bias"], "regularizer"),
        activity_regularizer: regularizer,
        ...parts(["kernel", "bias"], "constraint"),
        seed,
      },
      callOptions: CAUSAL,
      callArguments: HEADS,
      inputArguments: HEADS,
      groups: (layer) => {
        const size = (layer as MultiHeadAttention).useBias ? 2 : 1;
        const names = ["query", "key", "value", "attention_output"];
        return Object.fromEntries(
          names.map((name, index) => [
            `${name.replace("attention_", "")}_dense`,
            { name, weights: layer.weights.slice(index * size, (index + 1) * size) },
          ]),
        );
      },
    },
  ],
  ["Identity", NO_OPTIONS],
]);

/** A class's row; undefined if the class is unknown. */
export function layerRow(className: string): LayerRow | undefined {
  return ROWS.get(className);
}

/** The supported classes. */
export function knownLayers(): string[] {
  return [...ROWS.keys()];
}
