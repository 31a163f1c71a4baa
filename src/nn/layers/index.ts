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
export * from "./bidirectional.ts";
export {
  type CellContext,
  type CellSequence,
  type CellStep,
  type CellSweep,
  RnnCell,
  type SweepInputs,
} from "./cell.ts";
export * from "./conv1d.ts";
export type { DataFormatOptions } from "./data_format.ts";
export * from "./dense.ts";
export * from "./dot.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export type { CellOptions, GatedCellOptions } from "./gated_cell.ts";
export * from "./global_pooling.ts";
export * from "./gru.ts";
export * from "./gru_cell.ts";
export { InputLayer, type InputOptions, input } from "./input_layer.ts";
export {
  type CallContext,
  type CallResult,
  type InputCount,
  Layer,
  type LayerCallOptions,
  type LayerConfig,
  LayerNode,
  type LayerOptions,
  type LayerTrace,
  SymbolicTensor,
  type WeightSpec,
} from "./layer.ts";
export * from "./lstm.ts";
export * from "./lstm_cell.ts";
export * from "./masking.ts";
export { MergeLayer } from "./merge_layer.ts";
export * from "./merging.ts";
export * from "./multi_head_attention.ts";
export * from "./noise.ts";
export type { NoiseOptions } from "./noise_base.ts";
export * from "./normalization.ts";
export * from "./peephole_lstm_cell.ts";
export * from "./pooling.ts";
export { layerFromConfig } from "./registry.ts";
export * from "./reshaping.ts";
export { Rnn, type RnnOptions, rnn, type WithStates } from "./rnn.ts";
export * from "./simple_rnn.ts";
export * from "./simple_rnn_cell.ts";
export * from "./stacked_cells.ts";
export * from "./time_distributed.ts";
export { type WeightOptions, WeightRule } from "./weight_options.ts";
