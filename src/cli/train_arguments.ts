/** The arguments of `sluice train`. */
import { COMMON, choice, numbersOf, type OptionTable, parseOptions, textOf } from "./command_line.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { type DataName, PRESETS, type TrainOptions } from "./train_options.ts";
import { UsageError } from "./usage_error.ts";

/** The parsed arguments of `sluice train`. */
export interface TrainArguments {
  /** The options that were given; the defaults depend on the data, or on the run to resume. */
  readonly given: Partial<TrainOptions>;
  readonly archive: string | undefined;
  /** A table of texts and labels to train on, and its columns. */
  readonly csv: string | undefined;
  readonly textColumn: string | undefined;
  readonly labelColumn: string | undefined;
  readonly runtime: RuntimeName;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly resume: string | undefined;
  readonly profile: boolean;
  readonly tune: boolean;
}

/** Lists the defaults of an option for each kind of data. */
function both(name: keyof (typeof PRESETS)["table"]): string {
  const { sentences, imdb, table } = PRESETS;
  const forTable = table[name] === sentences[name] ? "" : `, for a table ${table[name]}`;
  return `${sentences[name]}${forTable}, for imdb ${imdb[name]}`;
}

export const TRAIN_OPTIONS = {
  data: { value: "NAME", help: "sentences (3,000, embedded) or imdb (50,000 reviews, needs --archive)" },
  csv: { value: "FILE", help: "your own texts and labels: CSV, TSV or JSON lines; a fifth is held out" },
  "text-column": { value: "NAME", help: "its column of texts (text, review, sentence or content)" },
  "label-column": { value: "NAME", help: "its column of labels (label, sentiment, class, category, topic or target)" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  epochs: { value: "N", help: `epochs (${both("epochs")})` },
  "batch-size": { value: "N", help: `examples in a batch (${both("batchSize")})` },
  units: { value: "N", help: `LSTM units (${both("units")})` },
  embedding: { value: "N", help: `dimension of the word vectors (${both("embedding")})` },
  "max-length": { value: "N", help: `words in a text; longer texts are truncated (${both("maxLength")})` },
  "num-words": { value: "N", help: `size of the vocabulary (${both("numWords")})` },
  dropout: { value: "RATE", help: `dropout rate after the embedding (${both("dropout")})` },
  "learning-rate": { value: "RATE", help: `Adam's learning rate (${both("learningRate")})` },
  seed: { value: "N", help: "the same seed gives the same result on the same adapter (7)" },
  limit: { value: "N", help: "use at most N training examples and N test examples, balanced over the classes" },
  out: { value: "DIR", help: "where to save the model (runs/sentences, runs/table or runs/imdb)" },
  json: { value: "FILE", help: "write the results as JSON" },
  plot: { value: "FILE.svg", help: "draw loss and accuracy of each epoch, in training and validation, as SVG" },
  resume: { value: "DIR", help: "resume a stopped training run exactly where it stopped" },
  tune: { help: "measure each kernel's variants once on this adapter, remember the fastest, and use it" },
  profile: { help: "finally show the GPU time of each operation of a training step" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * Parses the arguments of `sluice train`.
 * @throws UsageError for an unknown option, a missing value, an unexpected argument or a value out of range.
 */
export function parseTrain(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): TrainArguments {
  const values = parseOptions("train", argv, TRAIN_OPTIONS);
  const numbers = numbersOf(values, [
    ...(["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const),
    ...(["dropout", "learningRate", "seed", "limit"] as const),
  ]);
  const named = choice(values, "data", ["sentences", "imdb"] satisfies DataName[]);
  const [csv, textColumn, labelColumn] = ["csv", "text-column", "label-column"].map((name) => textOf(values, name));
  if (csv !== undefined && named !== undefined) {
    throw new UsageError(`--csv ${csv} and --data ${named} are two data sets; give only one`);
  }
  if (csv === undefined && (textColumn ?? labelColumn) !== undefined) {
    throw new UsageError("--text-column and --label-column need --csv FILE");
  }
  const data: DataName | undefined = csv === undefined ? named : "table";
  return {
    given: { ...numbers, ...(data && { data }) },
    ...{ csv, textColumn, labelColumn },
    archive: textOf(values, "archive") ?? (environment.SLUICE_IMDB || undefined),
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    out: textOf(values, "out"),
    json: textOf(values, "json"),
    plot: textOf(values, "plot"),
    resume: textOf(values, "resume"),
    profile: values.has("profile"),
    tune: values.has("tune"),
  };
}
