/** The words after `sluice train`, `sluice predict` and `sluice forecast`, turned into checked values. */
import { FORECAST_DEFAULTS, type ForecastOptions } from "./forecast_options.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { type DataName, PRESETS, type TrainOptions } from "./train_options.ts";
import { UsageError } from "./usage_error.ts";
import { COMMON, choice, numbersOf, type OptionTable, readOptions, readWords, textOf } from "./words.ts";

/** What `sluice train` was told. */
export interface TrainArguments {
  /** Only what was given: defaults depend on the data, or on the run to resume. */
  readonly given: Partial<TrainOptions>;
  readonly archive: string | undefined;
  readonly runtime: RuntimeName;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly resume: string | undefined;
  readonly profile: boolean;
  readonly tune: boolean;
}

/** What `sluice forecast` was told. */
export interface ForecastArguments {
  /** Only what was given: the rest comes from the defaults, or from the run to resume. */
  readonly given: Partial<ForecastOptions>;
  readonly source: SourceArguments;
  readonly runtime: RuntimeName;
  /** The directory of the model. */
  readonly model: string | undefined;
  /** The forecast as CSV. */
  readonly out: string | undefined;
  readonly svg: string | undefined;
  readonly json: string | undefined;
  readonly resume: string | undefined;
  readonly tune: boolean;
}

/** Which series is forecast. */
export interface SourceArguments {
  /** A CSV file; the embedded prices where there is none. */
  readonly csv?: string;
  readonly column?: string;
  readonly date?: string;
}

/** What `sluice predict` was told. */
export interface PredictArguments {
  readonly model: string;
  readonly texts: readonly string[];
  readonly runtime: RuntimeName;
  readonly json: boolean;
}

const { sentences, imdb } = PRESETS;
const both = (name: keyof typeof sentences): string => `${sentences[name]}; for imdb ${imdb[name]}`;

const defaults = FORECAST_DEFAULTS;

/** Options of `sluice train`. */
export const TRAIN_OPTIONS = {
  data: { value: "NAME", help: "sentences (3,000, embedded) or imdb (50,000 reviews, needs --archive)" },
  archive: { value: "PATH|URL", help: "Stanford's aclImdb_v1.tar.gz; or set SLUICE_IMDB" },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  epochs: { value: "N", help: `times through the data (${both("epochs")})` },
  "batch-size": { value: "N", help: `examples per step (${both("batchSize")})` },
  units: { value: "N", help: `units of the LSTM (${both("units")})` },
  embedding: { value: "N", help: `numbers per word (${both("embedding")})` },
  "max-length": { value: "N", help: `words per text; longer ones are cut (${both("maxLength")})` },
  "num-words": { value: "N", help: `size of the vocabulary (${both("numWords")})` },
  dropout: { value: "RATE", help: `share of the embedding that is dropped (${both("dropout")})` },
  "learning-rate": { value: "RATE", help: `Adam's (${both("learningRate")})` },
  seed: { value: "N", help: "one seed, one result on one adapter (7)" },
  limit: { value: "N", help: "at most N examples to train on and N to test, both classes alike" },
  out: { value: "DIR", help: "where the model is saved (runs/sentences or runs/imdb)" },
  json: { value: "FILE", help: "write the results as JSON" },
  resume: { value: "DIR", help: "go on with a training that was stopped, exactly where it stopped" },
  tune: { help: "measure the kernels' variants once on this adapter, remember, and run the fastest" },
  profile: { help: "at the end, show where a training step spends its time on the GPU" },
  ...COMMON,
} as const satisfies OptionTable;

/** Options of `sluice forecast`. */
export const FORECAST_OPTIONS = {
  csv: { value: "FILE", help: "a series with a header line, oldest row first (daily S&P 500 prices, embedded)" },
  column: { value: "NAME", help: "the column to forecast; needed with --csv (close)" },
  date: { value: "NAME", help: "the column with the dates (date, where there is one)" },
  window: { value: "N", help: `rows that each forecast sees (${defaults.window})` },
  ahead: { value: "N", help: `how many rows ahead it looks (${defaults.ahead})` },
  layers: { value: "N", help: `LSTM layers, one upon the other (${defaults.layers})` },
  units: { value: "N", help: `units of each (${defaults.units})` },
  dropout: { value: "RATE", help: `share of each layer's output that is dropped (${defaults.dropout})` },
  epochs: { value: "N", help: `times through the windows (${defaults.epochs})` },
  "batch-size": { value: "N", help: `windows per step (${defaults.batchSize})` },
  "learning-rate": { value: "RATE", help: `Adam's (${defaults.learningRate})` },
  test: { value: "SHARE", help: `share of the rows, the last ones, that is held out (${defaults.test})` },
  limit: { value: "N", help: "only the last N rows of the data" },
  seed: { value: "N", help: `one seed, one result on one adapter (${defaults.seed})` },
  runtime: { value: "NAME", help: "node, deno, chromium or firefox (node)" },
  out: { value: "FILE", help: "the forecast as CSV (runs/forecast/forecast.csv)" },
  svg: { value: "FILE", help: "the forecast as a picture (runs/forecast/forecast.svg)" },
  model: { value: "DIR", help: "where the model and its scaler are saved (runs/forecast)" },
  json: { value: "FILE", help: "write the results as JSON" },
  resume: { value: "DIR", help: "go on with a training that was stopped, exactly where it stopped" },
  tune: { help: "measure the kernels' variants once on this adapter, remember, and run the fastest" },
  ...COMMON,
} as const satisfies OptionTable;

/** Options of `sluice predict`. */
export const PREDICT_OPTIONS = {
  model: { value: "DIR", help: "a model that `sluice train` saved" },
  runtime: { value: "NAME", help: "node or deno (node)" },
  json: { help: "print the verdicts as JSON" },
  ...COMMON,
} as const satisfies OptionTable;

/**
 * What was typed after `sluice train`.
 * @throws UsageError for an unknown option, a missing value, a word too many or a value out of range.
 */
export function parseTrain(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): TrainArguments {
  const values = readOptions("train", words, TRAIN_OPTIONS);
  const numbers = numbersOf(values, [
    ...(["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const),
    ...(["dropout", "learningRate", "seed", "limit"] as const),
  ]);
  const data = choice(values, "data", ["sentences", "imdb"] satisfies DataName[]);
  return {
    given: { ...numbers, ...(data && { data }) },
    archive: textOf(values, "archive") ?? (environment.SLUICE_IMDB || undefined),
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    out: textOf(values, "out"),
    json: textOf(values, "json"),
    resume: textOf(values, "resume"),
    profile: values.has("profile"),
    tune: values.has("tune"),
  };
}

/**
 * What was typed after `sluice forecast`.
 * @throws UsageError for an unknown option, a missing value, a word too many, or `--csv` without `--column`.
 */
export function parseForecast(words: readonly string[]): ForecastArguments {
  const values = readOptions("forecast", words, FORECAST_OPTIONS);
  const source: SourceArguments = Object.fromEntries(
    (["csv", "column", "date"] as const).flatMap((name) => {
      const text = textOf(values, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  if (source.csv !== undefined && source.column === undefined) {
    throw new UsageError("--csv needs --column: name the column to forecast, such as --column close");
  }
  return {
    given: numbersOf(values, [
      ...(["window", "ahead", "layers", "units", "dropout", "epochs", "batchSize"] as const),
      ...(["learningRate", "test", "limit", "seed"] as const),
    ]),
    source,
    runtime: choice(values, "runtime", RUNTIMES) ?? "node",
    model: textOf(values, "model"),
    out: textOf(values, "out"),
    svg: textOf(values, "svg"),
    json: textOf(values, "json"),
    resume: textOf(values, "resume"),
    tune: values.has("tune"),
  };
}

/**
 * What was typed after `sluice predict`.
 * @throws UsageError for an unknown option, a missing value, no model or an empty text.
 */
export function parsePredict(words: readonly string[]): PredictArguments {
  const { values, positionals } = readWords("predict", words, PREDICT_OPTIONS);
  const model = textOf(values, "model");
  if (model === undefined) {
    throw new UsageError("--model is missing; expected the directory of a model, such as --model runs/sentences");
  }
  const empty = positionals.findIndex((text) => text.trim() === "");
  if (empty !== -1) throw new UsageError(`text ${empty + 1} is empty; expected at least one word`);
  const runtime = choice(values, "runtime", ["node", "deno"]) ?? "node";
  return { model, texts: positionals, runtime, json: values.has("json") };
}
