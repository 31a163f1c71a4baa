/**
 * The options of `sluice train`: values, defaults for each data set, and checks. Browsers load this file too, so it
 * imports no Node modules.
 */
import { FormatError } from "../core/errors.ts";
import { objectOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { checkDropout, checkRange, checkWhole, savedNumbers } from "./option_checks.ts";

/** The data of `sluice train`: two built-in data sets, or a user's table. */
export type DataName = "sentences" | "imdb" | "table";

/**
 * Everything that determines the result of a training run. It is saved with the model, so that `--resume` continues
 * with the same options.
 */
export interface TrainOptions {
  readonly data: DataName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly units: number;
  readonly embedding: number;
  readonly maxLength: number;
  readonly numWords: number;
  readonly dropout: number;
  readonly learningRate: number;
  /** The seed of weights, dropout and the order of the rows. */
  readonly seed: number;
  /** The most examples for training and for testing, balanced over the classes. */
  readonly limit?: number;
}

type Preset = Omit<TrainOptions, "data" | "seed" | "limit">;

/** `imdb` is the tutorial's model. `sentences` is smaller, and trains within a minute without a GPU. */
export const PRESETS: Readonly<Record<DataName, Preset>> = {
  sentences: {
    epochs: 5,
    batchSize: 32,
    units: 32,
    embedding: 32,
    maxLength: 40,
    numWords: 2000,
    dropout: 0.5,
    learningRate: 0.003,
  },
  imdb: {
    epochs: 3,
    batchSize: 64,
    units: 100,
    embedding: 32,
    maxLength: 500,
    numWords: 5000,
    dropout: 0,
    learningRate: 0.001,
  },
  table: {
    epochs: 5,
    batchSize: 32,
    units: 32,
    embedding: 32,
    maxLength: 100,
    numWords: 5000,
    dropout: 0.5,
    learningRate: 0.003,
  },
};

const NUMBERS = [
  ...(["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const),
  ...(["dropout", "learningRate"] as const),
] as const;
const COUNTS = ["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const;

/**
 * Fills in the defaults of the data set and checks every value.
 * @throws UsageError that names the option, its value and the expected value.
 */
export function completeOptions(given: Partial<TrainOptions>): TrainOptions {
  const { data = "sentences" } = given;
  const options: TrainOptions = { ...PRESETS[data], seed: 7, ...given, data };
  for (const name of COUNTS) checkWhole(name, options[name], 1);
  // Padding, start and unknown have ids 0 to 2; words begin at 4.
  checkWhole("numWords", options.numWords, 5);
  checkWhole("seed", options.seed, 0);
  if (options.limit !== undefined) checkWhole("limit", options.limit, 2);
  checkDropout(options.dropout);
  checkRange("learningRate", options.learningRate, (value) => value > 0, "above 0");
  return options;
}

/**
 * Reads the options of a saved run.
 * @throws FormatError when they are damaged.
 */
export function savedOptions(run: ReadonlyMap<string, JsonValue>, path: string): TrainOptions {
  const options = objectOf(run.get("options"), `${path}: options`);
  const data = options.get("data");
  if (data !== "sentences" && data !== "imdb" && data !== "table")
    throw new FormatError(`${path}: options.data is not a known data set`);
  return completeOptions({ data, ...savedNumbers(options, path, [...NUMBERS, "seed"], ["limit"]) });
}

/** The options that describe the network, for `textClassifier`. */
export function networkOptions({ units, embedding, maxLength, dropout, learningRate, seed }: TrainOptions) {
  return { units, embedding, maxLength, dropout, learningRate, seed };
}
