/** The worker: learns word vectors from the documents, and answers questions with the nearest documents. */
import { requestDevice } from "sluice";
import { trainWordVectors, VectorIndex, wordEmbedder } from "sluice/embed";

let search;
self.onmessage = async ({ data }) => {
  if (data.documents) search = makeSearch(data.documents);
  else self.postMessage({ hits: await (await search)(data.question) });
};

async function makeSearch(documents) {
  const device = await requestDevice();
  const vectors = await trainWordVectors(documents, { device, minCount: 1, sample: 0, epochs: 30, seed: 1 });
  const embedder = wordEmbedder(vectors);
  await embedder.fit(documents);
  const index = new VectorIndex(device, { dimension: embedder.vectorSize });
  await index.add(documents, await embedder.embed(documents));
  return async (question) => {
    const [hits] = await index.search(await embedder.embed([question]), { k: 3 });
    return hits;
  };
}
