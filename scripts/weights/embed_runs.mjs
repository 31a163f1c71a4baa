// Runs of word vectors, searches and k-means, for scripts/weights_sha.mjs.
import { ids, spread } from "./data.mjs";

/** Runs that train no model. Each line has the hash of the results, and the hash of everything read from the GPU. */
export function embedRuns(embed) {
  const { kMeans, trainWordVectors } = embed;
  return [
    numbersRun("word vectors", async (device) => {
      const options = { minCount: 1, sample: 0, vectorSize: 11, epochs: 2, batchSize: 96, learningRate: 0.2, seed: 9 };
      const texts = Array.from({ length: 60 }, (_, text) =>
        Array.from(ids([9], 12, 71 + text).data, (word) => `${"xy"[text % 2]}${word}`).join(" "),
      );
      return [(await trainWordVectors(texts, { ...options, device })).data];
    }),
    ...["cosine", "dot", "l2"].flatMap((metric) => [
      searchRun(embed, metric, { metric }, { rows: 517, dimension: 19, queries: 3, k: 7 }),
      searchRun(embed, `${metric}, int8`, { metric, storage: "int8" }, { rows: 263, dimension: 21, queries: 1, k: 7 }),
    ]),
    searchRun(embed, "many queries", {}, { rows: 1031, dimension: 33, queries: 21, k: 40 }),
    searchRun(embed, "many queries, int8", { storage: "int8" }, { rows: 1031, dimension: 33, queries: 21, k: 40 }),
    numbersRun("kMeans", async (device) => {
      const result = await kMeans(device, spread([203, 5], 74).data, { dimension: 5, k: 7, seed: 1 });
      return [result.assignments, result.centroids];
    }),
  ];
}

function numbersRun(name, work) {
  const run = async ({ device, sha256, readings }) => {
    readings.begin();
    const results = await work(device);
    return { weights: sha256(results.map((numbers) => Float64Array.from(numbers))), readings: readings.end() };
  };
  return { name, run };
}

function searchRun({ VectorIndex }, name, options, { rows, dimension, queries, k }) {
  return numbersRun(`search, ${name}`, async (device) => {
    const index = new VectorIndex(device, { dimension, ...options });
    try {
      const entries = Array.from({ length: rows }, (_, id) => id);
      await index.add(entries, spread([rows, dimension], 72).data);
      await index.remove(11);
      const asked = Array.from({ length: queries }, (_, query) => spread([dimension], 73 + query).data);
      const lists = await index.search(asked, { k, filter: (id) => id % 5 !== 0 });
      return lists.map((hits) => hits.flatMap(({ id, score }) => [id, score]));
    } finally {
      index.dispose();
    }
  });
}
