/** The types of the data to train on. */
import type { RaggedDataset, ReviewEncoder } from "sluice";
import type { Loading } from "../messages/training.ts";

/** Training and test texts, encoded and in their original form. */
export interface Data {
  readonly train: RaggedDataset;
  readonly test: RaggedDataset;
  readonly encoder: ReviewEncoder;
  readonly texts: { readonly train: readonly string[]; readonly test: readonly string[] };
  readonly attribution: string;
}

export interface LoadOptions {
  /** The visitor's file, unless the data is embedded. */
  readonly file: File | undefined;
  readonly signal: AbortSignal;
  readonly onLoading: (loading: Loading) => void;
}
