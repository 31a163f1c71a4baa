/** Loads the training data, and caches it until other data or another encoding is requested. */
import { stratifiedLimit, ValueError } from "sluice";
import type { Settings } from "../messages/training.ts";
import type { Data, LoadOptions } from "./training_data.ts";

let kept: { readonly key: string; readonly file: File | undefined; readonly data: Data } | undefined;

/** The cached data; undefined before the first load. */
export function loadedData(): Data | undefined {
  return kept?.data;
}

/** The data for the settings, reduced to their limit. */
export async function loadData(settings: Settings, options: LoadOptions): Promise<Data> {
  const { data: name, numWords, maxLength, limit, seed } = settings;
  // For a table the seed determines the held-out texts.
  const key = JSON.stringify([name, numWords, maxLength, name === "table" ? seed : 0]);
  if (kept?.key !== key || kept.file !== options.file) {
    kept = { key, file: options.file, data: await load(settings, options) };
  }
  const { data } = kept;
  if (limit === 0 || limit >= data.train.size) return data;
  return { ...data, train: stratifiedLimit(data.train, Math.max(2, limit), seed) };
}

/** The reader for each kind of data is loaded on demand. */
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
  const { readReviews, readTableData } = await import("./load_file_data.ts");
  return name === "table" ? readTableData(file, settings) : readReviews(file, settings, options);
}
