/** Scales columns to mean 0 and standard deviation 1. */
import { FormatError } from "../core/errors.ts";
import { choiceOf, flagOf, numbersOf, objectOf } from "../core/json_check.ts";
import { flag, readOptions, readValue, type TableOf, text, withDefault } from "../core/option_table.ts";
import { type Column, Scaler } from "./column_scaler.ts";

/** Options of `standardScaler`. */
export interface StandardScalerOptions {
  /** Whether to subtract the mean. Default: true. */
  readonly withMean?: boolean;
  /** Whether to divide by the standard deviation. Default: true. */
  readonly withStd?: boolean;
}

const STANDARD = {
  withMean: withDefault(flag, true),
  withStd: withDefault(flag, true),
} satisfies TableOf<StandardScalerOptions>;

/** A StandardScaler as plain JSON; without `mean` and `std` before `fit`. */
export interface StandardScalerJson {
  readonly kind: "standardScaler";
  readonly withMean: boolean;
  readonly withStd: boolean;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/**
 * Maps each column to mean 0 and standard deviation 1 (of the population: divided by N). A constant column is mapped to
 * 0, and `inverseTransform` restores it. scikit-learn:
 * https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html
 */
export class StandardScaler extends Scaler {
  protected readonly what = "standardScaler";
  readonly withMean: boolean;
  readonly withStd: boolean;
  #mean: readonly number[] | undefined;
  #std: readonly number[] | undefined;

  constructor(options: StandardScalerOptions = {}) {
    super();
    const { withMean, withStd } = readOptions("standardScaler", STANDARD, options);
    this.withMean = withMean;
    this.withStd = withStd;
  }

  /** The mean of each column that `fit` saw. */
  get mean(): readonly number[] | undefined {
    return this.#mean;
  }

  /** The standard deviation of each column that `fit` saw; 0 where it is constant. */
  get std(): readonly number[] | undefined {
    return this.#std;
  }

  /** This scaler as plain JSON. */
  toJSON(): StandardScalerJson {
    const { withMean, withStd } = this;
    const [mean, std] = [this.#mean, this.#std];
    return { kind: "standardScaler", withMean, withStd, ...(mean && std && { mean, std }) };
  }

  /**
   * Restores a scaler from the result of `toJSON`, and checks every field; `what` is its name in error messages.
   * @throws FormatError naming the field that is missing or wrong.
   */
  static fromJSON(json: unknown, what = "scaler"): StandardScaler {
    readValue("StandardScaler.fromJSON", "what", text, what);
    const fields = objectOf(json, what);
    choiceOf(fields.get("kind"), `${what}.kind`, ["standardScaler"]);
    const scaler = new StandardScaler({
      withMean: flagOf(fields.get("withMean"), `${what}.withMean`),
      withStd: flagOf(fields.get("withStd"), `${what}.withStd`),
    });
    if (!fields.has("mean")) return scaler;
    const mean = numbersOf(fields.get("mean"), `${what}.mean`);
    const std = numbersOf(fields.get("std"), `${what}.std`, mean.length);
    if (std.some((value) => value < 0)) throw new FormatError(`${what}.std: expected numbers of at least 0`);
    scaler.#adopt(mean, std);
    return scaler;
  }

  protected learn(columns: readonly Column[]): void {
    const moments = columns.map((column) => {
      let [count, sum, squares] = [0, 0, 0];
      for (const value of column) [count, sum] = [count + 1, sum + value];
      const mean = sum / count;
      for (const value of column) squares += (value - mean) ** 2;
      const variance = squares / count;
      // Below this the variation is rounding error: the column is constant.
      const rounding = (count * mean * Number.EPSILON) ** 2;
      return { mean, std: variance <= rounding ? 0 : Math.sqrt(variance) };
    });
    this.#adopt(
      moments.map(({ mean }) => mean),
      moments.map(({ std }) => std),
    );
  }

  #adopt(mean: readonly number[], std: readonly number[]): void {
    this.#mean = mean;
    this.#std = std;
    this.use(
      mean.map((shift, column) => ({
        shift: this.withMean ? shift : 0,
        factor: this.withStd && std[column] !== 0 ? 1 / (std[column] as number) : 1,
        base: 0,
      })),
    );
  }
}

/**
 * Creates a scaler to mean 0 and standard deviation 1.
 *
 * @example
 * const scaler = standardScaler().fit(train);
 * const scaled = scaler.transform(test); // by the mean and the deviation of the training part
 */
export function standardScaler(options: StandardScalerOptions = {}): StandardScaler {
  return new StandardScaler(options);
}
