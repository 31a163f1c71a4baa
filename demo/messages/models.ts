/** Messages about models: predictions, files, imports and exports. */

/** Which model: the one that comes with the page, or the visitor's own. */
export type Which = "shipped" | "own";

export interface JudgeParams {
  readonly which: Which;
  readonly text: string;
}

/** A word of the text as the model reads it. */
export interface JudgedWord {
  readonly word: string;
  /**
   * Gradient × input: how much the word pushed the verdict, up toward praise or down toward blame. Absent if the model
   * skips it.
   */
  readonly push: number | undefined;
  /** The timestep at which the LSTM reads the word, counted over the padded row. Absent if the model skips it. */
  readonly step: number | undefined;
  /** The word is too rare to have its own vector. */
  readonly isRare: boolean;
}

/** A model's prediction for a text. */
export interface Verdict {
  readonly which: Which;
  readonly text: string;
  /** The predicted probability that the text is praise. */
  readonly probability: number;
  readonly words: readonly JudgedWord[];
}

export interface HardText {
  readonly text: string;
  /** 1 for praise, 0 for blame. */
  readonly label: number;
  readonly probability: number;
}

export interface Hardest {
  /** The texts that were classified wrongly, the largest error first. */
  readonly texts: readonly HardText[];
  /** The number of texts that were read, and of those that were classified wrongly. */
  readonly read: number;
  readonly wrong: number;
}

export type ExportFormat = "sluice" | "safetensors" | "tfjs" | "onnx";

export interface ExportParams {
  readonly which: Which;
  readonly format: ExportFormat;
}

/** One file to save, and if it is an archive, the names of the files in it. */
export interface ExportResult {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contents: readonly string[];
}
