/** What is trained on: loaded once, and kept until other data or another encoding is asked for. */
import { imdb, type RaggedDataset, type ReviewEncoder, stratifiedLimit } from "sluice";
import { sentences } from "sluice/sentences";
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

const REVIEWS = "Large Movie Review Dataset, Maas et al., ACL 2011.";

let kept: { readonly key: string; readonly file: File | undefined; readonly data: Data } | undefined;

/** The data that settings name, cut to their limit. */
export async function loadData(settings: Settings, options: LoadOptions): Promise<Data> {
  const { data: name, numWords, maxLength, limit, seed } = settings;
  const key = JSON.stringify([name, numWords, maxLength]);
  if (kept?.key !== key || kept.file !== options.file) {
    kept = { key, file: options.file, data: await load(settings, options) };
  }
  const { data } = kept;
  if (limit === 0 || limit >= data.train.size) return data;
  return { ...data, train: stratifiedLimit(data.train, Math.max(2, limit), seed) };
}

async function load({ numWords, maxLength, data: name }: Settings, options: LoadOptions): Promise<Data> {
  const { file, signal, onLoading } = options;
  if (name !== "imdb" || file === undefined) {
    return { ...(await sentences.load({ numWords, maxLength })), attribution: sentences.attribution };
  }
  const loaded = await imdb.load({
    ...{ source: file, numWords, maxLength, keepTexts: true, signal },
    onProgress: ({ bytes, totalBytes }) => onLoading({ bytes, totalBytes }),
  });
  return { ...loaded, texts: loaded.texts ?? { train: [], test: [] }, attribution: REVIEWS };
}
