/**
 * What a training of the command line is told: values, defaults per data set, and their checks. No runtime's own
 * modules here.
 */
import { FormatError } from "../core/errors.ts";
import { objectOf } from "../core/json_check.ts";
import type { JsonValue } from "../io/strict_json.ts";
import { checkDropout, checkRange, checkWhole, savedNumbers } from "./option_checks.ts";

/** The data sets that `sluice train` knows. */
export type DataName = "sentences" | "imdb";

/**
 * Everything that decides a training's result. It is saved with the model, so that `--resume` goes on with the same.
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
  /** Of weights, dropout and the order of the rows. */
  readonly seed: number;
  /** At most so many examples on either side, both classes alike. */
  readonly limit?: number;
}

type Preset = Omit<TrainOptions, "data" | "seed" | "limit">;

/** `imdb` is the tutorial's model. `sentences` is smaller, to be done in a minute without a GPU. */
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
};

const NUMBERS = [
  ...(["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const),
  ...(["dropout", "learningRate"] as const),
] as const;
const COUNTS = ["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const;

/**
 * Options with the defaults of their data set filled in, every value checked.
 * @throws UsageError naming the option, what it is and what it should be.
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
 * The options in a saved run.
 * @throws FormatError when they are damaged.
 */
export function savedOptions(run: ReadonlyMap<string, JsonValue>, path: string): TrainOptions {
  const options = objectOf(run.get("options"), `${path}: options`);
  const data = options.get("data");
  if (data !== "sentences" && data !== "imdb") throw new FormatError(`${path}: options.data is not a known data set`);
  return completeOptions({ data, ...savedNumbers(options, path, [...NUMBERS, "seed"], ["limit"]) });
}
