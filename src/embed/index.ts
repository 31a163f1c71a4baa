/** `sluice/embed`: vectors for texts and words, and exact search over vectors on the GPU. */
export { type Metric, similarity } from "./similarity.ts";
export {
  type TrainWordVectorsOptions,
  trainWordVectors,
  type WordVectorProgress,
} from "./train_word_vectors.ts";
export type { CorpusOptions } from "./word_corpus.ts";
export {
  type WordSafetensorsOptions,
  wordVectorsFromSafetensors,
  wordVectorsToSafetensors,
} from "./word_safetensors.ts";
export {
  type ReadWordVectors,
  type ReadWordVectorsLimits,
  type ReadWordVectorsOptions,
  readWordVectors,
  type WordTextFormat,
  writeWordVectors,
} from "./word_text.ts";
export { analogy, type MostSimilarOptions, type SimilarWord, type WordLike, WordVectors } from "./word_vectors.ts";
