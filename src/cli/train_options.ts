/** What a training of the command line is told: values, defaults per data set, and their checks. No runtime's own modules here. */
import { UsageError } from "./usage_error.ts";

/** The data sets that `sluice train` knows. */
export type DataName = "sentences" | "imdb";

/** Everything that decides a training's result. It is saved with the model, so that `--resume` goes on with the same. */
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

const COUNTS = ["epochs", "batchSize", "units", "embedding", "maxLength", "numWords"] as const;

/** `batchSize` as the option is typed: `--batch-size`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

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
  checkRange("dropout", options.dropout, (value) => value >= 0 && value < 1, "from 0 up to, but not including, 1");
  checkRange("learningRate", options.learningRate, (value) => value > 0, "above 0");
  return options;
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value < 2 ** 31) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a whole number of at least ${least}`);
}

function checkRange(name: string, value: number, accepts: (value: number) => boolean, expected: string): void {
  if (Number.isFinite(value) && accepts(value)) return;
  throw new UsageError(`${flagOf(name)} is ${value}; expected a number ${expected}`);
}
