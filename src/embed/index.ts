/** `sluice/embed`: vectors for texts and words, and exact search over vectors on the GPU. */
export { type Metric, similarity } from "./similarity.ts";
