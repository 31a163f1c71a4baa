/**
 * `sluice/predict`: predicts with a saved model, at a fraction of the engine's size.
 * @module sluice/predict
 */
export type { DType } from "../core/dtype.ts";
export * from "../core/errors.ts";
export type { ArrayLike, NdArray, Nested } from "../core/nd_array.ts";
export type { Shape } from "../core/shape.ts";
export { type Encoder, type EncoderKind, registerEncoder } from "../data/encoder.ts";
export type { RaggedSequences } from "../data/ragged_rows.ts";
export type { ReviewEncoder } from "../data/review_encoder.ts";
export { Device } from "../gpu/device.ts";
export type { DeviceOptions } from "../gpu/device_options.ts";
export { requestDevice } from "../gpu/request_device.ts";
export type { Metadata } from "../io/model_file.ts";
export type { Classification } from "../nn/data/classify_texts.ts";
export type { InputLike, InputsLike } from "../nn/data/data_input.ts";
export type { InputSpec } from "../nn/graph/input_spec.ts";
export { FileError } from "../platform/file_interface.ts";
export {
  loadPredictor,
  type PredictOptions,
  Predictor,
  type PredictorLoadOptions,
} from "./predictor.ts";
