/** `sluice/convert`: models from and for other libraries. */
export { loadKeras, loadKerasWeights, toKeras, toKerasWeights } from "./keras.ts";
