/** What is trained on: loaded once, and kept until other data or another encoding is asked for. */
import { type RaggedDataset, type ReviewEncoder, stratifiedLimit, ValueError } from "sluice";
import type { Settings } from "../settings.ts";

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

/** What reads a kind of data is loaded with it. */
async function load(settings: Settings, options: LoadOptions): Promise<Data> {
  const { numWords, maxLength, data: name } = settings;
  if (name === "sentences") {
    const { sentences } = await import("sluice/sentences");
    return { ...(await sentences.load({ numWords, maxLength })), attribution: sentences.attribution };
  }
  const { file } = options;
  if (file === undefined) {
    throw new ValueError(
      `the data is ${name === "imdb" ? "the archive of reviews" : "your table"}, but no file was chosen`,
    );
  }
  const { readReviews, readTableData } = await import("./file_data.ts");
  return name === "table" ? readTableData(file, settings) : readReviews(file, settings, options);
}
