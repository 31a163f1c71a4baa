/** Loads data from the visitor's file: the archive of reviews, or a table. */
import { dataset, imdb, type RaggedDataset, ReviewEncoder, Tokenizer, trainTestSplit } from "sluice";
import type { Settings } from "../messages/training.ts";
import { readJudgedTexts } from "./labelled_texts.ts";
import type { Data, LoadOptions } from "./training_data.ts";

const ATTRIBUTION = "Large Movie Review Dataset, Maas et al., ACL 2011.";

/** The reviews of the original archive. */
export async function readReviews(
  file: File,
  { numWords, maxLength }: Settings,
  { signal, onLoading }: LoadOptions,
): Promise<Data> {
  const { texts, ...loaded } = await imdb.load({
    ...{ source: file, numWords, maxLength, keepTexts: true, signal },
    onProgress: ({ bytes, totalBytes }) => onLoading({ bytes, totalBytes }),
  });
  return { ...loaded, texts: texts ?? { train: [], test: [] }, attribution: ATTRIBUTION };
}

/** Holds out a fifth of each class; the word index comes from the rest. */
export async function readTableData(file: File, { numWords, maxLength, seed }: Settings): Promise<Data> {
  const rows = await readJudgedTexts(file);
  const indices = { shape: [rows.length, 1], data: Int32Array.from(rows, (_, index) => index) };
  const labels = { shape: [rows.length, 1], data: Float32Array.from(rows, ({ label }) => label) };
  const parts = trainTestSplit(dataset(indices, labels), { seed });
  const textsOf = (part: "train" | "test"): string[] =>
    Array.from(parts[part].x.data, (index) => (rows[index] as (typeof rows)[number]).text);
  const texts = { train: textsOf("train"), test: textsOf("test") };
  const tokenizer = new Tokenizer();
  tokenizer.fitOnTexts(texts.train);
  const encoder = new ReviewEncoder(tokenizer, { numWords, maxLength });
  const encode = (part: "train" | "test"): RaggedDataset => dataset(encoder.encode(texts[part]), parts[part].y);
  return { train: encode("train"), test: encode("test"), encoder, texts, attribution: `your file ${file.name}.` };
}
