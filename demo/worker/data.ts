/** What is trained on: loaded once, and kept until other data or another encoding is asked for. */
import {
  dataset,
  imdb,
  type RaggedDataset,
  ReviewEncoder,
  stratifiedLimit,
  Tokenizer,
  trainTestSplit,
  ValueError,
} from "sluice";
import type { Settings } from "../settings.ts";
import { readTable } from "./table.ts";

/** Texts on both sides, encoded and as they were. */
export interface Data {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  readonly texts: { readonly train: readonly string[]; readonly test: readonly string[] };
  readonly attribution: string;
}

/** Where a file's reading stands. */
export interface Loading {
  readonly bytes: number;
  readonly totalBytes: number | undefined;
}

export interface LoadOptions {
  /** The visitor's file, where the data is not embedded. */
  readonly file: File | undefined;
  readonly signal: AbortSignal;
  readonly onLoading: (loading: Loading) => void;
}

const REVIEWS = "Large Movie Review Dataset, Maas et al., ACL 2011.";

let kept: { readonly key: string; readonly file: File | undefined; readonly data: Data } | undefined;

/** What was loaded last, whole; nothing before the first. */
export function loadedData(): Data | undefined {
  return kept?.data;
}

/** The data that settings name, cut to their limit. */
export async function loadData(settings: Settings, options: LoadOptions): Promise<Data> {
  const { data: name, numWords, maxLength, limit, seed } = settings;
  // Of a table the seed decides who is held out.
  const key = JSON.stringify([name, numWords, maxLength, name === "table" ? seed : 0]);
  if (kept?.key !== key || kept.file !== options.file) {
    kept = { key, file: options.file, data: await load(settings, options) };
  }
  const { data } = kept;
  if (limit === 0 || limit >= data.train.size) return data;
  return { ...data, train: stratifiedLimit(data.train, Math.max(2, limit), seed) };
}

async function load(settings: Settings, { file, signal, onLoading }: LoadOptions): Promise<Data> {
  const { numWords, maxLength, data: name } = settings;
  if (name === "sentences") {
    const { sentences } = await import("sluice/sentences");
    return { ...(await sentences.load({ numWords, maxLength })), attribution: sentences.attribution };
  }
  if (file === undefined) {
    throw new ValueError(
      `the data is ${name === "imdb" ? "the archive of reviews" : "your table"}, but no file was chosen`,
    );
  }
  if (name === "table") return tableData(file, settings);
  const { texts, ...loaded } = await imdb.load({
    ...{ source: file, numWords, maxLength, keepTexts: true, signal },
    onProgress: ({ bytes, totalBytes }) => onLoading({ bytes, totalBytes }),
  });
  return { ...loaded, texts: texts ?? { train: [], test: [] }, attribution: REVIEWS };
}

/** A fifth is held out, of each class alike; the word index comes from the rest. */
async function tableData(file: File, { numWords, maxLength, seed }: Settings): Promise<Data> {
  const rows = await readTable(file);
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
