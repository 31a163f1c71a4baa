/**
 * `sluice/convert`: converts models from and to the formats of other libraries.
 * @module sluice/convert
 */

export type { FileLimits } from "../platform/file_limits.ts";
export { loadKeras, loadKerasWeights, toKeras, toKerasWeights } from "./keras.ts";
export type { OpenLength } from "./keras_entry.ts";
export { toOnnx } from "./onnx/index.ts";
export { loadTfjs, type TfjsFiles, toTfjs } from "./tfjs.ts";
export { loadSafetensors, toSafetensors } from "./weights_file.ts";
