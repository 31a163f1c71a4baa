/** The layers, and how a saved one is made again. */
export * from "./activation.ts";
export {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionOptions,
  additiveAttention,
  attention,
} from "./attention.ts";
export * from "./conv1d.ts";
export * from "./dense.ts";
export * from "./dot.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export * from "./global_pooling.ts";
export { InputLayer, type InputOptions, input } from "./input_layer.ts";
export {
  type CallContext,
  type CallResult,
  type InputCount,
  Layer,
  type LayerCallOptions,
  type LayerConfig,
  type LayerOptions,
  type LayerTrace,
  type WeightSpec,
} from "./layer.ts";
export { Lstm, type LstmOptions, lstm } from "./lstm.ts";
export * from "./masking.ts";
export { MergeLayer } from "./merge_layer.ts";
export * from "./merging.ts";
export * from "./multi_head_attention.ts";
export * from "./normalization.ts";
export * from "./pooling.ts";
export { layerFromConfig } from "./registry.ts";
export * from "./reshaping.ts";
export { LayerNode, SymbolicTensor } from "./symbolic.ts";
export { type WeightOptions, WeightRule } from "./weight_options.ts";
