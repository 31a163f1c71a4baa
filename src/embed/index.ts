/**
 * `sluice/embed`: vectors for texts and words, and exact search over vectors on the GPU.
 * @module sluice/embed
 */
export { type Deduplicated, type DeduplicateOptions, deduplicate } from "./deduplicate.ts";
export { Embedder, type EmbedOptions, type Pooling } from "./embedder.ts";
export { Embeddings } from "./embeddings.ts";
export { type EmbedFunction, functionEmbedder, type VectorsOfTexts } from "./function_embedder.ts";
export type { VectorId } from "./host_rows.ts";
export { type KMeansOptions, type KMeansResult, kMeans } from "./k_means.ts";
export { type ModelEmbedderOptions, modelEmbedder } from "./model_embedder.ts";
export type { VectorStorage } from "./score_bounds.ts";
export { siamese, type TextPairs, type TunePairsOptions, tunePairs } from "./siamese.ts";
export { type Metric, similarity } from "./similarity.ts";
export {
  type TrainWordVectorsOptions,
  trainWordVectors,
  type WordVectorProgress,
} from "./train_word_vectors.ts";
export { VectorIndex } from "./vector_index.ts";
export { IndexMask, type VectorPredicate } from "./vector_index_mask.ts";
export type {
  IndexEntry,
  LoadIndexOptions,
  SearchHit,
  SearchOptions,
  VectorIndexOptions,
} from "./vector_index_options.ts";
export type { VectorsLike } from "./vector_rows.ts";
export type { CorpusOptions } from "./word_corpus.ts";
export { WordEmbedder, type WordEmbedderOptions, wordEmbedder, wordEmbedderFromBytes } from "./word_embedder.ts";
export { mostSimilarIn, wordIndex } from "./word_vector_index.ts";
export { analogy, type MostSimilarOptions, type SimilarWord, type WordLike, WordVectors } from "./word_vectors.ts";
export {
  type WordSafetensorsOptions,
  wordVectorsFromSafetensors,
  wordVectorsToSafetensors,
} from "./word_vectors_safetensors.ts";
export {
  type ReadWordVectors,
  type ReadWordVectorsLimits,
  type ReadWordVectorsOptions,
  readWordVectors,
  type WordTextFormat,
  writeWordVectors,
} from "./word_vectors_text.ts";
