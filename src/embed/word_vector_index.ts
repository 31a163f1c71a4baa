/** Finds nearest words with a search on the GPU, for large vocabularies or many queries. */
import { instanceOf, readValue } from "../core/option_table.ts";
import type { Device } from "../runtime/device.ts";
import { VectorIndex } from "./vector_index.ts";
import { type MostSimilarOptions, type SimilarWord, WordVectors } from "./word_vectors.ts";

const wordVectors = instanceOf("WordVectors", WordVectors);

/**
 * An index of words by cosine: the ids are the words, the metadata their indices in the vocabulary.
 * @throws OutOfMemoryError if the GPU is out of memory.
 */
export async function wordIndex(vectors: WordVectors, device: Device): Promise<VectorIndex<number>> {
  readValue("wordIndex", "vectors", wordVectors, vectors);
  const index = new VectorIndex<number>(device, { dimension: vectors.vectorSize });
  try {
    await index.add(
      vectors.words,
      vectors,
      vectors.words.map((_, place) => place),
    );
    return index;
  } catch (error) {
    index.dispose();
    throw error;
  }
}

/**
 * Like `vectors.mostSimilar`, on the GPU: the same words, but ties are ordered by the words, and the query is rounded
 * to float32.
 * @param index the result of `wordIndex` for `vectors`
 * @throws as `vectors.mostSimilar`.
 * @example
 * const index = await wordIndex(vectors, device);
 * await mostSimilarIn(index, vectors, { positive: ["king", "woman"], negative: ["man"] });
 */
export async function mostSimilarIn(
  index: VectorIndex<number>,
  vectors: WordVectors,
  options: MostSimilarOptions,
): Promise<SimilarWord[]> {
  readValue("mostSimilarIn", "index", instanceOf<VectorIndex<number>>("the result of wordIndex", VectorIndex), index);
  readValue("mostSimilarIn", "vectors", wordVectors, vectors);
  const { topn, restrictVocab } = vectors.limitsOf(options);
  const { vector, asked } = vectors.direction(options);
  const isRestricted = restrictVocab < vectors.size;
  const [hits = []] = await index.search(vector, {
    k: topn + asked.size,
    ...(isRestricted && { filter: (_, place) => (place as number) < restrictVocab }),
  });
  return hits
    .filter(({ metadata }) => !asked.has(metadata as number))
    .slice(0, topn)
    .map(({ id, score }) => ({ word: String(id), score }));
}
