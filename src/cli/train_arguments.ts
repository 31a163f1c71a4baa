/** The arguments of `sluice train`. */
import { COMMON, choice, numbersOf, type OptionTable, readOptions, textOf } from "./command_line.ts";
import { RUNTIMES, type RuntimeName } from "./runtime_info.ts";
import { type DataName, PRESETS, type TrainOptions } from "./train_options.ts";

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

const { sentences, imdb } = PRESETS;
const both = (name: keyof typeof sentences): string => `${sentences[name]}; for imdb ${imdb[name]}`;

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
